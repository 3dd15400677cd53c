/* C: what a call gave, by its type. */
void forge_raw(const char *);
void forge_text(const char *, unsigned long);
void forge_code(unsigned long);
void forge_whole(long long);
void forge_natural(unsigned long long);
void forge_float(double);
typedef void (*forge_call)(void);

#define FORGE_WHOLE(name, type) \
    __attribute__((unused)) static void forge_of_##name(const void *at, int kind) { \
        (void)kind; \
        if ((type)-1 < 0) forge_whole((long long)*(const type *)at); \
        else forge_natural((unsigned long long)*(const type *)at); \
    }
FORGE_WHOLE(schar, signed char)
FORGE_WHOLE(uchar, unsigned char)
FORGE_WHOLE(short, short)
FORGE_WHOLE(ushort, unsigned short)
FORGE_WHOLE(int, int)
FORGE_WHOLE(uint, unsigned)
FORGE_WHOLE(long, long)
FORGE_WHOLE(ulong, unsigned long)
FORGE_WHOLE(llong, long long)
FORGE_WHOLE(ullong, unsigned long long)
#define FORGE_FLOAT(name, type) \
    __attribute__((unused)) static void forge_of_##name(const void *at, int kind) { \
        (void)kind; \
        forge_float((double)*(const type *)at); \
    }
FORGE_FLOAT(float, float)
FORGE_FLOAT(double, double)
FORGE_FLOAT(ldouble, long double)
__attribute__((unused)) static void forge_of_bool(const void *at, int kind) {
    (void)kind;
    forge_raw(*(const _Bool *)at ? "{\"b\":true}" : "{\"b\":false}");
}
__attribute__((unused)) static void forge_of_char(const void *at, int kind) {
    char one = *(const char *)at;
    (void)kind;
    if (one < 0) {
        forge_whole(one);
        return;
    }
    forge_raw("{\"s\":\"");
    forge_code((unsigned long)one);
    forge_raw("\"}");
}
__attribute__((unused)) static void forge_of_text(const void *at, int kind) {
    const char *text = *(const char *const *)at;
    (void)kind;
    if (!text) {
        forge_raw("{\"n\":0}");
        return;
    }
    forge_raw("{\"s\":");
    forge_text(text, __builtin_strlen(text));
    forge_raw("}");
}
/* kind: as the compiler classifies types, 5 is a pointer */
__attribute__((unused)) static void forge_of_other(const void *at, int kind) {
    if (kind == 5) forge_raw(*(const void *const *)at ? "{\"o\":\"a pointer\"}" : "{\"n\":0}");
    else forge_raw("{\"o\":\"a structure\"}");
}
#define FORGE_PUT(value) \
    _Generic((value), _Bool: forge_of_bool, char: forge_of_char, signed char: forge_of_schar, \
        unsigned char: forge_of_uchar, short: forge_of_short, unsigned short: forge_of_ushort, int: forge_of_int, \
        unsigned: forge_of_uint, long: forge_of_long, unsigned long: forge_of_ulong, long long: forge_of_llong, \
        unsigned long long: forge_of_ullong, float: forge_of_float, double: forge_of_double, \
        long double: forge_of_ldouble, char *: forge_of_text, const char *: forge_of_text, \
        default: forge_of_other)((const void *)&(value), __builtin_classify_type(value))
#define FORGE_GIVE(...) do { __auto_type forge_value = (__VA_ARGS__); FORGE_PUT(forge_value); } while (0)
