/* A stand-in for the driver's library, under the real binding: the numbers come from the file named by FAKE_NVML,
   read again at each call: name|uuid|total MiB|used MiB, one line a GPU; a line whose name begins with "MIG" is a part of
   the GPU above it. FAKE_NVML_FAIL is an error code of init; FAKE_NVML_LOST the index of a GPU that has fallen off the
   bus, FAKE_NVML_LOST_CODE another error for it; FAKE_NVML_OLD a driver without the newer calls; FAKE_NVML_PID a process
   that computes on each GPU. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned int u32;
typedef unsigned long long u64;
typedef struct { u64 total, free, used; } memory_v1;
typedef struct { u32 version; u64 total, reserved, free, used; } memory_v2;
typedef struct { u32 gpu, memory; } utilization;

enum { OK = 0, UNINITIALIZED = 1, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, INSUFFICIENT_SIZE = 7, LOST = 15,
       VERSION_MISMATCH = 25 };

static struct device { char name[64], uuid[64]; u64 total, used; } devices[16];
typedef struct { u32 pid; u64 used; u32 gpu_instance, compute_instance; } process;
static u32 count, running;

static int is_part(u32 at) { return at < count && !strncmp(devices[at].name, "MIG", 3); }
/* Where the GPU of an index stands in the list: parts do not count. */
static int find(u32 index) {
  u32 at;
  for (at = 0; at < count; at++)
    if (!is_part(at) && index-- == 0) return (int)at;
  return -1;
}
static u32 at_of(void *handle) { return (u32)((struct device *)handle - devices); }

static void load(void) {
  const char *path = getenv("FAKE_NVML");
  FILE *file = path ? fopen(path, "r") : NULL;
  count = 0;
  if (!file) return;
  while (count < 16 && fscanf(file, " %63[^|]|%63[^|]|%llu|%llu", devices[count].name, devices[count].uuid,
                              &devices[count].total, &devices[count].used) == 4)
    count++;
  fclose(file);
}

int nvmlInitWithFlags(u32 flags) {
  const char *fail = getenv("FAKE_NVML_FAIL");
  (void)flags;
  if (fail) return atoi(fail);
  load();
  running = 1;
  return OK;
}
int nvmlInit_v2(void) { return nvmlInitWithFlags(0); }
int nvmlShutdown(void) { running = 0; return OK; }
const char *nvmlErrorString(int error) { (void)error; return "stub error"; }
int nvmlSystemGetDriverVersion(char *text, u32 size) { snprintf(text, size, "600.1"); return OK; }
int nvmlDeviceGetCount_v2(u32 *found) {
  if (!running) return UNINITIALIZED;
  load();
  for (*found = 0; find(*found) >= 0; ++*found) {}
  return OK;
}
int nvmlDeviceGetHandleByIndex_v2(u32 index, void **handle) {
  const char *lost = getenv("FAKE_NVML_LOST"), *code = getenv("FAKE_NVML_LOST_CODE");
  if (find(index) < 0) return INVALID_ARGUMENT;
  if (lost && (u32)atoi(lost) == index) return code ? atoi(code) : LOST;
  *handle = &devices[find(index)];
  return OK;
}
int nvmlDeviceGetMigMode(void *handle, u32 *current, u32 *pending) {
  if (getenv("FAKE_NVML_OLD") || is_part(at_of(handle))) return NOT_SUPPORTED;
  *current = *pending = is_part(at_of(handle) + 1);
  return OK;
}
int nvmlDeviceGetMaxMigDeviceCount(void *handle, u32 *most) { (void)handle; *most = 7; return OK; }
/* Parts have the even numbers: real ones leave gaps too. */
int nvmlDeviceGetMigDeviceHandleByIndex(void *handle, u32 index, void **part) {
  u32 at = at_of(handle) + 1 + index / 2, from;
  for (from = at_of(handle) + 1; from <= at; from++)
    if (index % 2 || !is_part(from)) return NOT_FOUND;
  *part = &devices[at];
  return OK;
}
int nvmlDeviceGetMaxClockInfo(void *handle, u32 kind, u32 *mhz) {
  (void)handle;
  if (getenv("FAKE_NVML_OLD")) return NOT_SUPPORTED;
  *mhz = kind == 2 ? 9751 : 2100;
  return OK;
}
int nvmlDeviceGetMemoryBusWidth(void *handle, u32 *width) { (void)handle; *width = 384; return OK; }
int nvmlDeviceGetComputeRunningProcesses_v3(void *handle, u32 *found, process *list) {
  const char *pid = getenv("FAKE_NVML_PID");
  u32 room = *found;
  *found = pid != NULL;
  if (!pid) return OK;
  if (room < 1) return INSUFFICIENT_SIZE;
  list[0].pid = (u32)atoi(pid);
  list[0].used = ((struct device *)handle)->used << 20;
  list[0].gpu_instance = list[0].compute_instance = 0xffffffff;
  return OK;
}
int nvmlDeviceGetName(void *handle, char *text, u32 size) { snprintf(text, size, "%s", ((struct device *)handle)->name); return OK; }
int nvmlDeviceGetUUID(void *handle, char *text, u32 size) { snprintf(text, size, "%s", ((struct device *)handle)->uuid); return OK; }
int nvmlDeviceGetMemoryInfo(void *handle, memory_v1 *memory) {
  struct device *device = handle;
  load();
  memory->total = device->total << 20;
  memory->used = device->used << 20;
  memory->free = memory->total - memory->used;
  return OK;
}
int nvmlDeviceGetMemoryInfo_v2(void *handle, memory_v2 *memory) {
  struct device *device = handle;
  if (getenv("FAKE_NVML_OLD")) return NOT_SUPPORTED;
  if (memory->version != 0x02000028) return VERSION_MISMATCH;
  load();
  memory->total = device->total << 20;
  memory->reserved = 300ull << 20;
  memory->used = device->used << 20;
  memory->free = memory->total - memory->used - memory->reserved;
  return OK;
}
int nvmlDeviceGetUtilizationRates(void *handle, utilization *rates) {
  (void)handle;
  if (getenv("FAKE_NVML_OLD")) return NOT_SUPPORTED;
  rates->gpu = 7;
  rates->memory = 3;
  return OK;
}
