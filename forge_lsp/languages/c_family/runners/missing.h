#ifndef FORGE_MISSING_
#define FORGE_MISSING_
#define FORGE_TEXT_M_(x) #x
#define FORGE_TEXT2_M_(x) FORGE_TEXT_M_(x)
#ifdef __cplusplus
extern "C" {
#endif
extern long forge_write_m_(int, const void *, unsigned long) __asm__(FORGE_TEXT2_M_(__USER_LABEL_PREFIX__) "write");
$symbols
#ifdef __cplusplus
}
#endif
#endif
