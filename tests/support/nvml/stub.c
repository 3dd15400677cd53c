/* A stand-in for the driver's library, under the real binding: the numbers come from the file named by FAKE_NVML,
   read anew at each call: name|uuid|total MiB|used MiB, one line a GPU. FAKE_NVML_FAIL is an error code of init;
   FAKE_NVML_LOST the index of a GPU that has fallen off the bus. */
#include <stdio.h>
#include <stdlib.h>

typedef unsigned int u32;
typedef unsigned long long u64;
typedef struct { u64 total, free, used; } memory_v1;
typedef struct { u32 version; u64 total, reserved, free, used; } memory_v2;
typedef struct { u32 gpu, memory; } utilization;

enum { OK = 0, UNINITIALIZED = 1, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, LOST = 15, VERSION_MISMATCH = 25 };

static struct device { char name[64], uuid[64]; u64 total, used; } devices[16];
static u32 count, running;

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
int nvmlDeviceGetCount_v2(u32 *found) { if (!running) return UNINITIALIZED; *found = count; return OK; }
int nvmlDeviceGetHandleByIndex_v2(u32 index, void **handle) {
  const char *lost = getenv("FAKE_NVML_LOST");
  if (index >= count) return INVALID_ARGUMENT;
  if (lost && (u32)atoi(lost) == index) return LOST;
  *handle = &devices[index];
  return OK;
}
int nvmlDeviceGetName(void *handle, char *text, u32 size) { snprintf(text, size, "%s", ((struct device *)handle)->name); return OK; }
int nvmlDeviceGetUUID(void *handle, char *text, u32 size) { snprintf(text, size, "%s", ((struct device *)handle)->uuid); return OK; }
int nvmlDeviceGetMemoryInfo(void *handle, memory_v1 *memory) {
  struct device *device = handle;
  memory->total = device->total << 20;
  memory->used = device->used << 20;
  memory->free = memory->total - memory->used;
  return OK;
}
int nvmlDeviceGetMemoryInfo_v2(void *handle, memory_v2 *memory) {
  struct device *device = handle;
  if (getenv("FAKE_NVML_OLD")) return NOT_SUPPORTED;
  if (memory->version != 0x02000028) return VERSION_MISMATCH;
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
