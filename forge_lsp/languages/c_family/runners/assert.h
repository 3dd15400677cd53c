#ifndef FORGE_ASSERT_ONCE
#define FORGE_ASSERT_ONCE
#define FORGE_TEXT_(x) #x
#define FORGE_TEXT2_(x) FORGE_TEXT_(x)
#define FORGE_SYMBOL_(name) FORGE_TEXT2_(__USER_LABEL_PREFIX__) name
#ifdef __cplusplus
extern "C" {
#endif
extern int forge_print_(char *, unsigned long, const char *, ...) __asm__(FORGE_SYMBOL_("snprintf"));
extern long forge_write_(int, const void *, unsigned long) __asm__(FORGE_SYMBOL_("write"));
extern int forge_flush_(void *) __asm__(FORGE_SYMBOL_("fflush"));
extern void forge_exit_(int) __asm__(FORGE_SYMBOL_("_exit")) __attribute__((noreturn));
extern void forge_abort_(void) __asm__(FORGE_SYMBOL_("abort")) __attribute__((noreturn));
#ifdef __cplusplus
}
#endif
static int forge_failed_;
static __attribute__((destructor)) void forge_end_(void) {
    if (!forge_failed_) return;
    forge_flush_((void *)0);
    forge_exit_(134);
}
static __attribute__((unused)) void forge_say_(const char *how, const char *file, int line, const char *text) {
    static const char *known[3][512];
    static int lines[3][512];
    char words[1024];
    int kind = how[0] == 'b' ? 0 : how[0] == 'p' ? 1 : 2, place = (line * 31) & 511, size;
    if (kind == 2) forge_failed_ = 1;
    if (known[kind][place] == file && lines[kind][place] == line) return;
    known[kind][place] = file;
    lines[kind][place] = line;
    size = forge_print_(words, sizeof words, "\nforge-check: %s %s:%d %s\n", how, file, line, text);
    if (size > (int)sizeof words - 1) size = (int)sizeof words - 1;
    (void)!forge_write_(2, words, (unsigned long)size);
}
static __attribute__((unused, noreturn)) void forge_stop_(const char *file, int line, const char *text) {
    forge_say_("fail", file, line, text);
    forge_abort_();
}
#endif
#undef assert
#ifdef NDEBUG
#define assert(...) ((void)0)
#elif defined __cplusplus
#define FORGE_CONST_ __builtin_is_constant_evaluated()
#define assert(...) \
    (FORGE_CONST_ ? ((__VA_ARGS__) ? (void)0 : forge_stop_(__FILE__, __LINE__, #__VA_ARGS__)) \
                  : (forge_say_("begin", __FILE__, __LINE__, #__VA_ARGS__), \
                     (__VA_ARGS__) ? forge_say_("pass", __FILE__, __LINE__, #__VA_ARGS__) \
                     : __builtin_constant_p(__VA_ARGS__) ? forge_stop_(__FILE__, __LINE__, #__VA_ARGS__) \
                                                         : forge_say_("fail", __FILE__, __LINE__, #__VA_ARGS__)))
#else
#define assert(...) \
    (forge_say_("begin", __FILE__, __LINE__, #__VA_ARGS__), \
     (__VA_ARGS__) ? forge_say_("pass", __FILE__, __LINE__, #__VA_ARGS__) \
     : __builtin_constant_p(__VA_ARGS__) ? forge_stop_(__FILE__, __LINE__, #__VA_ARGS__) \
                                         : forge_say_("fail", __FILE__, __LINE__, #__VA_ARGS__))
#if !defined static_assert && (!defined __STDC_VERSION__ || __STDC_VERSION__ < 202311L)
#define static_assert _Static_assert
#endif
#endif
