/* The least cost of a placement: annealing from many starts, then branch and bound, which proves it.
 *
 *     reference RIG ANNEALING PROVING [SEED]   prints one JSON object; seconds of the processor at most, each
 *     reference RIG weigh                      reads placements from standard input, prints the cost of each
 *
 * RIG is the file that native.py writes. What a placement costs is reckoned as forge_lsp/placement/weighing.py and
 * swapping.py do it, some 50 times as fast; native.py holds the two against each other for every rig.
 *
 * One more model can shorten what a device waits, for what leaves and stays is decided stage by stage. So the bound of
 * branch and bound takes, for each device and stage, the least wait over all sets that hold the models which are placed:
 * they are enumerated beforehand. That makes it a proof. */
#define _GNU_SOURCE
#include "rig.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const double HAIR = 1e-6;
/* Seconds of annealing after which, nearly always, the proof has nothing better to find. */
static const double FIRST = 0.05;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- annealing ---- */

static uint64_t state = 88172645463325252ULL;
static int best_where[MODELS];
static double best = INFINITY;

static double chance(void) { /* xorshift (Marsaglia 2003), in [0, 1) */
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (double)(state >> 11) / 9007199254740992.0;
}

static int draw(int count) { return (int)(chance() * count); }

static void note(const int *where, double seconds) {
    if (seconds >= best - 1e-9) return;
    best = seconds;
    memcpy(best_where, where, sizeof best_where);
}

/* Moves of one model, exchanges of two, and three in a ring. */
static void anneal(int *where, long changes, double warm, double cold) {
    double here = cost(where), start = here * warm;
    note(where, here);
    for (long i = 0; i < changes; i++) {
        double heat = start * pow(cold / warm, (double)i / (double)changes), which = chance();
        int one = draw(models), other = draw(models), third = draw(models), old[3];
        int count = which < 0.35 ? 1 : which < 0.9 ? 2 : 3, who[3] = {one, other, third}, there[3];
        if (count > 1 && (one == other || (count == 3 && (third == one || third == other)))) continue;
        int still = 1, barred = 0;
        for (int k = 0; k < count; k++) {
            old[k] = where[who[k]];
            there[k] = count == 1 ? may[one][draw(ways[one])] : where[who[(k + 1) % count]];
            barred |= !(allowed[who[k]] >> there[k] & 1);
            still &= there[k] == old[k];
        }
        if (barred || still) continue;
        for (int k = 0; k < count; k++) where[who[k]] = there[k];
        double limit = here - heat * log(1.0 - chance()), seconds = computing(where);
        if (seconds <= limit) seconds = cost(where);
        if (seconds <= limit) note(where, here = seconds);
        else for (int k = 0; k < count; k++) where[who[k]] = old[k];
    }
}

/* From anywhere, every third time from the best; each time a little longer. */
static void search(double seconds) {
    double end = now() + seconds;
    long changes = 20000;
    for (int run = 0; !run || now() < end; run++, changes += changes < 400000 ? changes / 4 : 0) {
        int where[MODELS], again = run % 3 == 2;
        for (int m = 0; m < models; m++) where[m] = again ? best_where[m] : may[m][draw(ways[m])];
        anneal(where, changes, again ? 0.02 : 0.08, 0.001);
        anneal(where, 5000, 1e-6, 1e-7);
    }
}

/* ---- branch and bound (branching.py) ---- */

static float *least_wait[DEVICES]; /* by kind: [set of its models, numbered as in its][stage] */
static int its[DEVICES][MODELS], its_models[DEVICES];

static void enumerate(void) {
    for (int d = 0; d < devices; d++) {
        if (kind[d] != d) continue;
        int count = 0;
        for (int m = 0; m < models; m++)
            if (allowed[m] >> d & 1) its[d][count++] = m;
        size_t sets = (size_t)1 << (its_models[d] = count);
        float *table = least_wait[d] = malloc(sets * (size_t)stages * sizeof(float));
        need(table != NULL);
        for (size_t set = 0; set < sets; set++) {
            Set whole = 0;
            for (int i = 0; i < count; i++) whole |= (Set)(set >> i & 1) << its[d][i];
            follow(d, whole);
            for (int s = 0; s < stages; s++) table[set * (size_t)stages + (size_t)s] = (float)waiting[s];
        }
        for (int i = 0; i < count; i++)
            for (size_t set = 0; set < sets; set++) {
                if (set >> i & 1) continue;
                float *less = table + set * (size_t)stages, *more = table + (set | (size_t)1 << i) * (size_t)stages;
                for (int s = 0; s < stages; s++) less[s] = less[s] < more[s] ? less[s] : more[s];
            }
    }
}

static double target, end_of_proof, rest[MODELS + 1], floor_of[ROUNDS][MODELS + 1], load[ROUNDS][DEVICES];
static int order[MODELS], placed[MODELS], stopped;
static Set on[DEVICES];
static uint64_t nodes;

static double waits(void) {
    float longest[STAGES] = {0};
    double total = 0.0;
    for (int d = 0; d < devices; d++) {
        size_t set = 0;
        int k = kind[d];
        for (int i = 0; i < its_models[k]; i++) set |= (size_t)(on[d] >> its[k][i] & 1) << i;
        const float *wait = least_wait[k] + set * (size_t)stages;
        for (int s = 0; s < stages; s++) longest[s] = longest[s] > wait[s] ? longest[s] : wait[s];
    }
    for (int s = 0; s < stages; s++) total += longest[s];
    return total * (1.0 - 1e-6); /* they are kept as floats */
}

static double bound(int depth, double spent) {
    double total = spent + rest[depth];
    for (int r = 0; r < rounds; r++) {
        double most = floor_of[r][depth];
        for (int d = 0; d < devices; d++) most = load[r][d] > most ? load[r][d] : most;
        total += together[r].times * most;
    }
    return total < target ? total + waits() : total;
}

static void put(int model, int device, double sign) {
    on[device] ^= 1u << model;
    for (int i = 0; i < its_count[model]; i++) {
        int r = its_rounds[model][i];
        load[r][device] += sign * together[r].seconds[model] * pace[device];
    }
}

static void place(int depth, double spent) {
    if (depth == models) {
        note(placed, cost(placed));
        if (best < target) target = best;
        return;
    }
    int model = order[depth], device[DEVICES], count = 0;
    double least[DEVICES];
    Set fresh = 0;
    for (int k = 0; k < ways[model]; k++) {
        int d = may[model][k];
        if (!on[d]) { /* empty devices that are alike lead to the same placements */
            if (fresh >> kind[d] & 1) continue;
            fresh |= 1u << kind[d];
        }
        put(model, d, 1.0);
        double low = bound(depth + 1, spent + alone[model][d]);
        put(model, d, -1.0);
        if (low >= target - HAIR) continue;
        int j = count++;
        for (; j && least[j - 1] > low; j--) {
            least[j] = least[j - 1];
            device[j] = device[j - 1];
        }
        least[j] = low;
        device[j] = d;
    }
    for (int i = 0; i < count && !stopped; i++) {
        stopped = !(++nodes & 255) && now() > end_of_proof;
        if (least[i] >= target - HAIR) return;
        put(model, device[i], 1.0);
        placed[model] = device[i];
        place(depth + 1, spent + alone[model][device[i]]);
        put(model, device[i], -1.0);
    }
}

/* Whether no placement is below ``below`` and the best known. Those that compute longest come first; if that does not
 * end, the larger ones. */
static int proven(double below, double seconds) {
    for (int way = 0; way < 2; way++) {
        double weight[MODELS];
        for (int i = 0; i < models; i++) {
            int j = i;
            weight[i] = 0.0;
            for (int k = 0; k < ways[i]; k++) weight[i] = fmax(weight[i], alone[i][may[i][k]]);
            for (int r = 0; r < its_count[i]; r++)
                weight[i] += together[its_rounds[i][r]].times * together[its_rounds[i][r]].seconds[i];
            for (; !way && j && weight[order[j - 1]] < weight[i]; j--) order[j] = order[j - 1];
            order[j] = i;
        }
        double spread = 0.0;
        for (int d = 0; d < devices; d++) spread += 1.0 / pace[d];
        rest[models] = 0.0;
        for (int r = 0; r < rounds; r++) {
            double total = 0.0;
            for (int m = 0; m < models; m++) total += together[r].seconds[m];
            floor_of[r][models] = total / spread;
        }
        for (int depth = models - 1; depth >= 0; depth--) {
            int m = order[depth];
            double least = INFINITY, quickest = INFINITY;
            for (int k = 0; k < ways[m]; k++) {
                least = fmin(least, alone[m][may[m][k]]);
                quickest = fmin(quickest, pace[may[m][k]]);
            }
            rest[depth] = rest[depth + 1] + least;
            for (int r = 0; r < rounds; r++)
                floor_of[r][depth] = fmax(floor_of[r][depth + 1], together[r].seconds[m] * quickest);
        }
        memset(load, 0, sizeof load);
        memset(on, 0, sizeof on);
        target = fmin(below, best);
        stopped = 0;
        end_of_proof = now() + seconds / 2;
        place(0, fixed);
        if (!stopped) return 1;
    }
    return 0;
}

int main(int count, char **words) {
    need(count >= 3);
    read_rig(words[1]);
    if (!strcmp(words[2], "weigh")) {
        for (int where[MODELS], m = 0; scanf("%d", &where[m]) == 1; m = (m + 1) % models)
            if (m == models - 1) printf("%.9f\n", cost(where));
        return 0;
    }
    if (count > 4) state ^= strtoull(words[4], NULL, 10) * 0x9E3779B97F4A7C15ULL;
    double annealing = atof(words[2]), proving = count > 3 ? atof(words[3]) : 0.0;
    search(fmin(annealing, FIRST));
    enumerate();
    int done = proven(INFINITY, proving);
    if (!done && annealing > FIRST) {
        search(annealing - FIRST);
        done = proven(INFINITY, proving);
    }
    double low = done ? best : 0.0;
    for (int percent = 1; !done && percent <= 5 && low == 0.0; percent++)
        if (proven(best / (1.0 + percent / 100.0), proving)) low = best / (1.0 + percent / 100.0);
    printf("{\"cost\": %.6f, \"bound\": %.6f, \"nodes\": %lu, \"where\": [", best, low, nodes);
    for (int m = 0; m < models; m++) printf("%s%d", m ? ", " : "", best_where[m]);
    puts("]}");
    return 0;
}
