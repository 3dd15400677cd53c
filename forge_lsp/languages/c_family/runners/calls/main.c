/* Makes the calls of documentation's examples, each in a process of its own, and tells what came of them.

   Standard input: the seconds that all may take, and the numbers of the calls, on one line; then a word. Nothing is
   told before all calls are made and the word is read, which the processes of the calls are not given: then lines of
   the word and JSON, see examples/answers.py. HOW a call went: D done, with the value; R an exception, with its type
   and, on a line of its own, its words; E the process ended, with why; H it did not end in time. */
#undef main
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define FORGE_MOST 65536
#define FORGE_DEEPEST 40

#ifdef __cplusplus
extern "C" {
#endif
typedef void (*forge_call)(void);
extern const forge_call forge_calls[];
extern const int forge_count;
void forge_raw(const char *);
void forge_text(const char *, unsigned long);
void forge_code(unsigned long);
void forge_whole(long long);
void forge_natural(unsigned long long);
void forge_float(double);
void forge_raised(const char *, const char *);
int forge_more(void);
int forge_deeper(int);

static char forge_told[FORGE_MOST + 1024];
static unsigned long forge_length;
static int forge_depth;

static void forge_put(const char *text, unsigned long length) {
    if (forge_length + length > sizeof forge_told) length = sizeof forge_told - forge_length;
    memcpy(forge_told + forge_length, text, length);
    forge_length += length;
}

void forge_raw(const char *text) { forge_put(text, strlen(text)); }

int forge_more(void) { return forge_length < FORGE_MOST; }

int forge_deeper(int by) {
    forge_depth += by;
    return forge_depth < FORGE_DEEPEST;
}

static unsigned long forge_escaped(char *to, unsigned char one) {
    if (one == '"' || one == '\\') {
        to[0] = '\\';
        to[1] = (char)one;
        return 2;
    }
    if (one < 32) return (unsigned long)sprintf(to, "\\u%04x", one);
    to[0] = (char)one;
    return 1;
}

void forge_text(const char *text, unsigned long length) {
    char one[8];
    unsigned long at;
    forge_raw("\"");
    for (at = 0; at < length && forge_more(); at++) forge_put(one, forge_escaped(one, (unsigned char)text[at]));
    forge_raw("\"");
}

/* A character by its code point, without quotes. */
void forge_code(unsigned long code) {
    char text[16];
    if (code < 128) forge_put(text, forge_escaped(text, (unsigned char)code));
    else if (code < 0x10000) forge_put(text, (unsigned long)sprintf(text, "\\u%04lx", code));
    else {
        code -= 0x10000;
        forge_put(text, (unsigned long)sprintf(text, "\\u%04lx\\u%04lx", 0xd800 + (code >> 10), 0xdc00 + (code & 1023)));
    }
}

void forge_whole(long long value) {
    char text[64];
    sprintf(text, "{\"i\":\"%lld\"}", value);
    forge_raw(text);
}

void forge_natural(unsigned long long value) {
    char text[64];
    sprintf(text, "{\"i\":\"%llu\"}", value);
    forge_raw(text);
}

void forge_float(double value) {
    char text[64];
    if (value != value) sprintf(text, "{\"f\":\"nan\"}");
    else sprintf(text, "{\"f\":\"%.17g\"}", value);
    forge_raw(text);
}

void forge_raised(const char *type, const char *words) {
    forge_length = 0;
    forge_raw("R");
    forge_put(type, strlen(type) < 200 ? strlen(type) : 200);
    forge_raw("\n");
    forge_put(words, strlen(words) < 600 ? strlen(words) : 600);
}

static double forge_now(void) {
    struct timeval now;
    gettimeofday(&now, 0);
    return (double)now.tv_sec + (double)now.tv_usec / 1e6;
}

static void forge_child(int number, int told, int errors) {
    struct rlimit limit;
    int none = open("/dev/null", O_RDWR), fd;
    unsigned long at = 0;
    setpgid(0, 0);
    limit.rlim_cur = limit.rlim_max = 0;
    setrlimit(RLIMIT_CORE, &limit);
    limit.rlim_cur = limit.rlim_max = (rlim_t)4 << 30;
    setrlimit(RLIMIT_AS, &limit);
    dup2(none, 0);
    dup2(none, 1);
    dup2(errors, 2);
    for (fd = 3; fd < 64; fd++)
        if (fd != told) close(fd);
    forge_raw("D");
    forge_calls[number]();
    if (!forge_more()) {
        forge_length = 0;
        forge_raw("D{\"o\":\"a value that is too large\"}");
    }
    while (at < forge_length) {
        long count = write(told, forge_told + at, forge_length - at);
        if (count <= 0) break;
        at += (unsigned long)count;
    }
    _exit(0);
}

struct forge_answer {
    int number, set;
    char how, *text, words[1024];
    unsigned long length, size;
};

static int forge_drain(int fd, char *to, unsigned long *length, unsigned long most) {
    char part[4096];
    long count = read(fd, part, sizeof part);
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    if (count == 0) return 0;
    if ((unsigned long)count > most - *length) count = (long)(most - *length);
    memcpy(to + *length, part, (unsigned long)count);
    *length += (unsigned long)count;
    return 1;
}

static void forge_watch(struct forge_answer *answer, double seconds) {
    static char text[sizeof forge_told];
    int told[2], errors[2], status = 0, over = 0, done = 0, turn;
    unsigned long length = 0;
    double until = forge_now() + seconds;
    pid_t child;
    answer->set = 1;
    answer->how = 'E';
    if (pipe(told) || pipe(errors) || (child = fork()) < 0) {
        strcpy(answer->words, "no process could be started for it");
        answer->size = strlen(answer->words);
        return;
    }
    if (child == 0) forge_child(answer->number, told[1], errors[1]);
    close(told[1]);
    close(errors[1]);
    fcntl(told[0], F_SETFL, O_NONBLOCK);
    fcntl(errors[0], F_SETFL, O_NONBLOCK);
    while (!done) {
        struct pollfd both[2];
        done = waitpid(child, &status, WNOHANG) == child;
        if (!done) {
            both[0].fd = told[0];
            both[1].fd = errors[0];
            both[0].events = both[1].events = POLLIN;
            both[0].revents = both[1].revents = 0;
            poll(both, 2, 10);
            if ((both[0].revents | both[1].revents) & POLLHUP) usleep(500);
            if (forge_now() > until) {
                over = 1;
                kill(-child, SIGKILL);
                kill(child, SIGKILL);
                done = waitpid(child, &status, 0) == child;
            }
        }
        for (turn = 0; turn < (done ? 64 : 1); turn++) {
            unsigned long had = length + answer->size;
            forge_drain(told[0], text, &length, sizeof text);
            forge_drain(errors[0], answer->words, &answer->size, sizeof answer->words - 1);
            if (length + answer->size == had) break;
        }
    }
    kill(-child, SIGKILL);
    close(told[0]);
    close(errors[0]);
    if (over) {
        answer->how = 'H';
    } else if (length && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        answer->how = text[0];
        answer->length = length - 1;
        answer->text = (char *)malloc(length);
        memcpy(answer->text, text + 1, length - 1);
    } else {
        answer->text = (char *)malloc(100);
        if (WIFSIGNALED(status)) sprintf(answer->text, "signal %d (%.60s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
        else sprintf(answer->text, "exit code %d", WEXITSTATUS(status));
        answer->length = strlen(answer->text);
    }
}

static void forge_quoted(const char *text, unsigned long length) {
    char one[8];
    unsigned long at;
    putchar('"');
    for (at = 0; at < length; at++) fwrite(one, 1, forge_escaped(one, (unsigned char)text[at]), stdout);
    putchar('"');
}

static void forge_tell(const struct forge_answer *answer) {
    const char *text = answer->text;
    unsigned long first = 0;
    if (answer->how == 'D') {
        printf("\"done\", \"text\": ");
        forge_quoted(text, answer->length);
        return;
    }
    printf("\"raised\", \"error\": ");
    if (answer->how == 'R')
        while (first < answer->length && text[first] != '\n') first++;
    forge_quoted(text, first);
    printf(", \"words\": ");
    if (answer->how == 'R') {
        if (first < answer->length) first++;
        forge_quoted(text + first, answer->length - first);
    } else if (answer->how == 'H') {
        printf("\"it did not end within 5 s\"");
    } else {
        static char all[2048];
        int length = snprintf(all, 200, "the code ended its process: %.*s", (int)answer->length, text ? text : "");
        if (answer->size) all[length++] = '\n';
        memcpy(all + length, answer->words, answer->size);
        forge_quoted(all, (unsigned long)length + answer->size);
    }
}

int main(void) {
    static char line[16384], word[256];
    unsigned long at = 0;
    char *next = line;
    struct forge_answer *answers = (struct forge_answer *)calloc((unsigned long)forge_count + 1, sizeof *answers);
    int count = 0, one;
    double until, each = 5;
    while (at < sizeof line - 1 && read(0, line + at, 1) == 1 && line[at] != '\n') at++;
    line[at] = 0;
    until = forge_now() + strtod(next, &next);
    while (*next && count < forge_count) {
        long number = strtol(next, &next, 10);
        if (number >= 0 && number < forge_count) answers[count++].number = (int)number;
        while (*next == ' ') next++;
    }
    for (one = 0; one < count && forge_now() < until; one++) {
        forge_watch(&answers[one], each);
        if (answers[one].how == 'H') each = 1; /* where one never ends, the next may not either */
    }
    at = 0;
    while (at < sizeof word - 1 && read(0, word + at, 1) == 1 && word[at] != '\n') at++;
    word[at] = 0;
    printf("%s {\"state\": \"loaded\"}\n", word);
    for (one = 0; one < count && answers[one].set; one++) {
        printf("%s {\"id\": %d, \"state\": ", word, answers[one].number);
        forge_tell(&answers[one]);
        printf("}\n");
    }
    printf("%s {\"state\": \"%s\"}\n", word, one < count ? "late" : "end");
    return 0;
}
#ifdef __cplusplus
}
#endif
