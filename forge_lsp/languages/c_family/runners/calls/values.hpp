// C++: what a call gave, by its type.
#include <cxxabi.h>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <initializer_list>
#include <string>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

extern "C" {
void forge_raw(const char *);
void forge_text(const char *, unsigned long);
void forge_code(unsigned long);
void forge_whole(long long);
void forge_natural(unsigned long long);
void forge_float(double);
void forge_raised(const char *, const char *);
int forge_more(void);
int forge_deeper(int);
typedef void (*forge_call)(void);
}

namespace forge_put_ {
template <class...> struct made { typedef void type; };
template <bool B> using when = typename std::enable_if<B>::type;

template <class T, class = void> struct iterable : std::false_type {};
template <class T>
struct iterable<T, typename made<decltype(std::declval<const T &>().begin() != std::declval<const T &>().end())>::type>
    : std::true_type {};
template <class T, class = void> struct keyed : std::false_type {};
template <class T> struct keyed<T, typename made<typename T::key_type>::type> : std::true_type {};
template <class T, class = void> struct mapped : std::false_type {};
template <class T> struct mapped<T, typename made<typename T::mapped_type>::type> : std::true_type {};
template <class T, class = void> struct textual : std::false_type {};
template <class T>
struct textual<T, typename made<typename T::traits_type, decltype(std::declval<const T &>().size())>::type>
    : std::true_type {};
template <class T, class = void> struct tuple_like : std::false_type {};
template <class T> struct tuple_like<T, typename made<decltype(std::tuple_size<T>::value)>::type> : std::true_type {};
template <class T, class = void> struct perhaps : std::false_type {};
template <class T>
struct perhaps<T, typename made<decltype(std::declval<const T &>().has_value()), decltype(*std::declval<const T &>())>::type>
    : std::true_type {};
template <class T, class = void> struct owning : std::false_type {};
template <class T>
struct owning<T, typename made<typename T::element_type, decltype(std::declval<const T &>().get()),
                               decltype(*std::declval<const T &>())>::type> : std::true_type {};

inline std::string plain(const std::type_info *type) {
    if (!type) return "exception";
    int status = 0;
    char *name = abi::__cxa_demangle(type->name(), nullptr, nullptr, &status);
    std::string found = name ? name : type->name();
    std::free(name);
    return found;
}

template <class T, class = void> struct put {
    static void to(const T &) { forge_raw("{\"o\":\"an object\"}"); }
};
template <class T> void give(const T &value) {
    if (!forge_more()) return;
    if (forge_deeper(1)) put<T>::to(value);
    else forge_raw("{\"o\":\"too deep\"}");
    forge_deeper(-1);
}
template <class T> void given(T &&value) { give<typename std::decay<T>::type>(value); }
inline void comma(bool &first) {
    if (!first) forge_raw(",");
    first = false;
}

template <> struct put<bool> {
    static void to(bool value) { forge_raw(value ? "{\"b\":true}" : "{\"b\":false}"); }
};
template <> struct put<std::nullptr_t> {
    static void to(std::nullptr_t) { forge_raw("{\"n\":0}"); }
};
template <class T> struct character : std::integral_constant<bool, std::is_same<T, char>::value || std::is_same<T, wchar_t>::value ||
#ifdef __cpp_char8_t
    std::is_same<T, char8_t>::value ||
#endif
    std::is_same<T, char16_t>::value || std::is_same<T, char32_t>::value> {};
template <class T> struct put<T, when<character<T>::value>> {
    static void to(T value) {
        if (value < T(0)) return forge_whole((long long)value);
        forge_raw("{\"s\":\"");
        forge_code((unsigned long)value);
        forge_raw("\"}");
    }
};
template <class T>
struct put<T, when<std::is_integral<T>::value && !character<T>::value && !std::is_same<T, bool>::value>> {
    static void to(T value) {
        if (std::is_signed<T>::value) forge_whole((long long)value);
        else forge_natural((unsigned long long)value);
    }
};
template <class T> struct put<T, when<std::is_floating_point<T>::value>> {
    static void to(T value) { forge_float((double)value); }
};
template <class T> struct put<T, when<std::is_enum<T>::value>> {
    static void to(T value) { give(static_cast<typename std::underlying_type<T>::type>(value)); }
};
template <class T> struct put<T *> {
    static void to(T *value) { forge_raw(value ? "{\"o\":\"a pointer\"}" : "{\"n\":0}"); }
};
inline void text(const char *value) {
    if (!value) return forge_raw("{\"n\":0}");
    forge_raw("{\"s\":");
    forge_text(value, std::strlen(value));
    forge_raw("}");
}
template <> struct put<const char *> { static void to(const char *value) { text(value); } };
template <> struct put<char *> { static void to(const char *value) { text(value); } };
template <class T> struct put<T, when<textual<T>::value>> {
    static void to(const T &value) {
        forge_raw("{\"s\":");
        if (sizeof(*value.data()) == 1) {
            forge_text(reinterpret_cast<const char *>(value.data()), (unsigned long)value.size());
        } else {
            forge_raw("\"");
            for (auto one : value)
                if (forge_more()) forge_code((unsigned long)one);
            forge_raw("\"");
        }
        forge_raw("}");
    }
};
template <class T>
struct put<T, when<iterable<T>::value && !textual<T>::value && !mapped<T>::value>> {
    static void to(const T &value) {
        typedef typename std::decay<decltype(*value.begin())>::type seen;
        typedef typename std::conditional<std::is_same<T, std::vector<bool>>::value, bool, seen>::type item;
        bool first = true;
        forge_raw(keyed<T>::value ? "{\"z\":[" : "{\"l\":[");
        for (auto at = value.begin(); at != value.end() && forge_more(); ++at) {
            comma(first);
            give<item>(*at);
        }
        forge_raw("]}");
    }
};
template <class T> struct put<T, when<iterable<T>::value && mapped<T>::value>> {
    static void to(const T &value) {
        bool first = true;
        forge_raw("{\"m\":[");
        for (auto at = value.begin(); at != value.end() && forge_more(); ++at) {
            comma(first);
            forge_raw("[");
            give<typename T::key_type>(at->first);
            forge_raw(",");
            give<typename T::mapped_type>(at->second);
            forge_raw("]");
        }
        forge_raw("]}");
    }
};
template <std::size_t N, std::size_t Size> struct parts {
    template <class T> static void to(const T &value) {
        if (N) forge_raw(",");
        give<typename std::decay<typename std::tuple_element<N, T>::type>::type>(std::get<N>(value));
        parts<N + 1, Size>::to(value);
    }
};
template <std::size_t Size> struct parts<Size, Size> {
    template <class T> static void to(const T &) {}
};
template <class T> struct put<T, when<tuple_like<T>::value && !iterable<T>::value>> {
    static void to(const T &value) {
        forge_raw("{\"t\":[");
        parts<0, std::tuple_size<T>::value>::to(value);
        forge_raw("]}");
    }
};
template <class T> struct put<T, when<perhaps<T>::value && !iterable<T>::value>> {
    static void to(const T &value) {
        if (value.has_value()) give<typename std::decay<decltype(*value)>::type>(*value);
        else forge_raw("{\"n\":0}");
    }
};
template <class T> struct put<T, when<owning<T>::value && !iterable<T>::value>> {
    static void to(const T &value) {
        if (value.get()) give<typename std::decay<decltype(*value)>::type>(*value);
        else forge_raw("{\"n\":0}");
    }
};

template <class T> typename std::decay<T>::type &kept(T &&value) {
    return *new typename std::decay<T>::type(std::forward<T>(value));
}
template <class T> T *array(std::initializer_list<T> values) {
    T *made = new T[values.size() + 1]();
    T *at = made;
    for (const T &one : values) *at++ = one;
    return made;
}
inline char *chars(const char *value) { return std::strcpy(new char[std::strlen(value) + 1], value); }

template <class F> void guarded(F call) {
#ifdef __cpp_exceptions
    try {
        call();
    } catch (const std::exception &error) {
#ifdef __GXX_RTTI
        forge_raised(plain(&typeid(error)).c_str(), error.what());
#else
        forge_raised("exception", error.what());
#endif
    } catch (const char *error) {
        forge_raised("const char *", error);
    } catch (const std::string &error) {
        forge_raised("string", error.c_str());
    } catch (...) {
        forge_raised(plain(abi::__cxa_current_exception_type()).c_str(), "");
    }
#else
    call();
#endif
}
}
#define forge_kept forge_put_::kept
#define forge_array forge_put_::array
#define forge_chars forge_put_::chars
#define FORGE_GIVE(...) forge_put_::given(__VA_ARGS__)
