/* A rig, read from the file that native.py writes, and what placements on it cost. */
#ifndef RIG_H
#define RIG_H
#include <stdint.h>

enum { DEVICES = 8, MODELS = 20, STAGES = 48, ROUNDS = 64, CALLS = 16, MEMBERS = 8 };
typedef uint32_t Set; /* of models, one bit each */
typedef struct { Set models; double least, after; int calls, members[CALLS], member[CALLS][MEMBERS]; } Stage;
typedef struct { double times, seconds[MODELS]; Set models; } Round;

extern int devices, models, stages, rounds;
extern double fixed;
extern int kind[DEVICES]; /* the first device that is like this one */
extern double pace[DEVICES], alone[MODELS][DEVICES];
extern int may[MODELS][DEVICES], ways[MODELS];
extern Set allowed[MODELS]; /* of devices */
extern Round together[ROUNDS];
extern int its_rounds[MODELS][ROUNDS], its_count[MODELS];
extern double waiting[STAGES]; /* of the device that was followed last */

void need(int count); /* ends the program where nothing could be read or had */
void read_rig(const char *path);
void follow(int device, Set set);
double computing(const int *where);
double cost(const int *where);

#endif
