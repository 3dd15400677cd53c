/* What a placement costs, as forge_lsp/placement/rig.py, swapping.py and weighing.py reckon it, and some 50 times as fast. */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t SPARE = 1LL << 30;
static const double UNLOAD = 1.0;

int devices, models, stages, rounds;
double fixed;
int kind[DEVICES];
double pace[DEVICES], alone[MODELS][DEVICES];
int may[MODELS][DEVICES], ways[MODELS];
Set allowed[MODELS];
Round together[ROUNDS];
int its_rounds[MODELS][ROUNDS], its_count[MODELS];
static int64_t room[DEVICES], size[MODELS], claim[MODELS];
static double bandwidth[DEVICES];
static int next_use[MODELS][STAGES + 1], by_first_use[MODELS];
static Stage stage[STAGES];

void need(int count) {
    if (count < 1) { fputs("the rig cannot be read\n", stderr); exit(2); }
}

void read_rig(const char *path) {
    FILE *file = fopen(path, "r");
    need(file != NULL);
    need(fscanf(file, "%d %d %d %d %lf", &devices, &models, &stages, &rounds, &fixed) == 5);
    need(devices <= DEVICES && models <= MODELS && stages <= STAGES && rounds <= ROUNDS);
    for (int d = 0; d < devices; d++)
        need(fscanf(file, "%d %ld %lf %lf", &kind[d], &room[d], &pace[d], &bandwidth[d]) == 4);
    for (int m = 0; m < models; m++) {
        need(fscanf(file, "%ld %ld %u", &size[m], &claim[m], &allowed[m]) == 3);
        for (int d = 0; d < devices; d++) {
            need(fscanf(file, "%lf", &alone[m][d]));
            if (allowed[m] >> d & 1) may[m][ways[m]++] = d;
        }
        for (int s = 0; s <= stages; s++) need(fscanf(file, "%d", &next_use[m][s]));
    }
    for (int s = 0; s < stages; s++) {
        need(fscanf(file, "%u %lf %lf %d", &stage[s].models, &stage[s].least, &stage[s].after, &stage[s].calls) == 4);
        need(stage[s].calls <= CALLS);
        for (int c = 0; c < stage[s].calls; c++) {
            need(fscanf(file, "%d", &stage[s].members[c]));
            need(stage[s].members[c] <= MEMBERS);
            for (int i = 0; i < stage[s].members[c]; i++) need(fscanf(file, "%d", &stage[s].member[c][i]));
        }
    }
    for (int m = 0; m < models; m++) need(fscanf(file, "%d", &by_first_use[m]));
    for (int r = 0; r < rounds; r++) {
        int count, m;
        need(fscanf(file, "%lf %d", &together[r].times, &count) == 2);
        while (count--) {
            need(fscanf(file, "%d", &m));
            need(fscanf(file, "%lf", &together[r].seconds[m]));
            together[r].models |= 1u << m;
            its_rounds[m][its_count[m]++] = r;
        }
    }
    fclose(file);
}

/* ---- what a device does (rig.py, swapping.py) ---- */

static int64_t bytes(Set set) {
    int64_t total = 0;
    for (; set; set &= set - 1) total += size[__builtin_ctz(set)];
    return total;
}

static int goes(const int *queue, int count, int64_t left, int empty) {
    for (int i = 0; i < count; i++, empty = 0) {
        if (!empty && claim[queue[i]] > left) return 0;
        left -= size[queue[i]];
    }
    return left >= SPARE;
}

/* Whether there is an order in which models can be loaded where so much is free. */
static int ordered(Set set, int64_t left, int empty) {
    int queue[MODELS], other[MODELS], count = 0;
    for (Set rest = set; rest; rest &= rest - 1) queue[count++] = __builtin_ctz(rest);
    if (bytes(set) + SPARE > left) return 0;
    if (goes(queue, count, left, empty)) return 1;
    for (int i = 1; i < count; i++) {
        int m = queue[i], j = i;
        for (; j && size[queue[j - 1]] - claim[queue[j - 1]] > size[m] - claim[m]; j--) queue[j] = queue[j - 1];
        queue[j] = m;
    }
    if (goes(queue, count, left, empty)) return 1;
    for (int first = 1; empty && first < count; first++) {
        int filled = 1;
        other[0] = queue[first];
        for (int i = 0; i < count; i++)
            if (i != first) other[filled++] = queue[i];
        if (goes(other, count, left, empty)) return 1;
    }
    return 0;
}

static int fits(Set set, int device) { return !set || ordered(set, room[device], 1); }

double waiting[STAGES];
static struct { int device; Set resident; int64_t used; } walk;

static void bring(int at, Set wanted, double after, double least, Set busy, Set soon) {
    Set missing = wanted & ~walk.resident, gone = 0, come = missing;
    int64_t left = room[walk.device] - walk.used, asked = bytes(missing) + SPARE;
    if (left < asked || !ordered(missing, left, !walk.resident)) {
        int idle[MODELS], when[MODELS], count = 0, went = 0, found = 0;
        for (Set rest = walk.resident & ~wanted; rest; rest &= rest - 1) {
            int m = __builtin_ctz(rest), j = count++;
            when[m] = next_use[m][at + 1] - (soon >> m & 1 ? 1 << 20 : 0);
            for (; j && when[idle[j - 1]] < when[m]; j--) idle[j] = idle[j - 1];
            idle[j] = m;
        }
        while (went < count && !found) {
            left += size[idle[went]];
            gone |= 1u << idle[went++];
            found = left >= asked && ordered(missing, left, walk.resident == gone);
        }
        if (!found) {
            gone = walk.resident;
            come = wanted;
        }
        for (int i = went - 2; found && i >= 0; i--)
            if (left - size[idle[i]] >= asked && ordered(missing, left - size[idle[i]], 0)) {
                left -= size[idle[i]];
                gone &= ~(1u << idle[i]);
            }
    }
    double seconds = (double)bytes(come) / bandwidth[walk.device] + (gone ? UNLOAD : 0.0);
    double hidden = after + (gone & busy ? 0.0 : least);
    if (seconds > hidden) waiting[at] += seconds - hidden;
    walk.used += bytes(come) - bytes(gone);
    walk.resident = (walk.resident & ~gone) | come;
}

static int take_turns(int at, Set set, double after, double least, Set busy) {
    int turns = 1, fresh = 1;
    for (int c = 0; c < stage[at].calls; c++) {
        int left[MEMBERS], count = 0;
        Set soon = 0;
        for (int later = c + 1; later < stage[at].calls; later++)
            for (int i = 0; i < stage[at].members[later]; i++) soon |= 1u << stage[at].member[later][i];
        for (int i = 0; i < stage[at].members[c]; i++)
            if (set >> stage[at].member[c][i] & 1) left[count++] = stage[at].member[c][i];
        while (count) {
            int kept = 0;
            Set group = 0;
            for (int i = 0; i < count; i++)
                if (walk.resident >> left[i] & 1) fresh = 0;
                else left[kept++] = left[i];
            if (!(count = kept)) break;
            for (int i = 0; i < count; i++)
                if (fits(group | 1u << left[i], walk.device)) group |= 1u << left[i];
            if (fresh) bring(at, group, after, least, busy, soon & set);
            else {
                bring(at, group, 0.0, 0.0, 0, soon & set);
                turns++;
            }
        }
    }
    return turns > 1;
}

void follow(int device, Set set) {
    memset(waiting, 0, sizeof waiting);
    if (fits(set, device)) return;
    int64_t left = room[device] - SPARE;
    int restless = 0;
    walk.device = device;
    walk.resident = 0;
    for (int i = 0; i < models; i++) {
        int m = by_first_use[i];
        if (!(set >> m & 1) || size[m] > left || !fits(walk.resident | 1u << m, device)) continue;
        walk.resident |= 1u << m;
        left -= size[m];
    }
    walk.used = bytes(walk.resident);
    for (int at = 0; at < stages; at++) {
        Set wanted = stage[at].models & set, busy = at ? stage[at - 1].models : 0;
        double after = at ? stage[at - 1].after : 0.0, least = at && !restless ? stage[at - 1].least : 0.0;
        if (!(wanted & ~walk.resident)) restless = 0;
        else if (fits(wanted, device)) {
            bring(at, wanted, after, least, busy, 0);
            restless = 0;
        } else restless = take_turns(at, set, after, least, busy);
    }
}

/* ---- what a placement costs (weighing.py) ---- */

typedef struct { int count, at[STAGES]; double wait[STAGES]; } Course;
enum { KNOWN = 1 << 18, SLOTS = 20 };
static struct { Set key; uint32_t number; } slot[1 << SLOTS];
static Course course[KNOWN], nothing;
static uint32_t known;

static const Course *found(int device, Set set) {
    Set key = ((Set)kind[device] << MODELS | set) + 1;
    uint32_t place = key * 2654435761u >> (32 - SLOTS);
    if (!set) return &nothing;
    for (; slot[place].key; place = (place + 1) & ((1u << SLOTS) - 1))
        if (slot[place].key == key) return &course[slot[place].number];
    follow(device, set);
    Course *made = &course[known];
    made->count = 0;
    for (int s = 0; s < stages; s++)
        if (waiting[s] > 0.0) {
            made->at[made->count] = s;
            made->wait[made->count++] = waiting[s];
        }
    slot[place].key = key;
    slot[place].number = known++;
    return made;
}

double computing(const int *where) {
    double total = fixed;
    for (int m = 0; m < models; m++) total += alone[m][where[m]];
    for (int r = 0; r < rounds; r++) {
        double load[DEVICES] = {0}, most = 0.0;
        for (Set rest = together[r].models; rest; rest &= rest - 1) {
            int m = __builtin_ctz(rest), d = where[m];
            load[d] += together[r].seconds[m] * pace[d];
            if (load[d] > most) most = load[d];
        }
        total += together[r].times * most;
    }
    return total;
}

double cost(const int *where) {
    Set set[DEVICES] = {0};
    double longest[STAGES] = {0}, total = computing(where);
    if (known > KNOWN - DEVICES - 1) { /* forget all rather than grow without end */
        memset(slot, 0, sizeof slot);
        known = 0;
    }
    for (int m = 0; m < models; m++) set[where[m]] |= 1u << m;
    for (int d = 0; d < devices; d++) {
        const Course *its = found(d, set[d]);
        for (int i = 0; i < its->count; i++)
            if (its->wait[i] > longest[its->at[i]]) {
                total += its->wait[i] - longest[its->at[i]];
                longest[its->at[i]] = its->wait[i];
            }
    }
    return total;
}
