// The part of a document's driver that is the same for all: see `documented.py`. Values become JSON by their types;
// what is no plain data gives its own text.
use ::std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use ::std::fmt::{Debug, Write as _};
use ::std::io::{Read as _, Write as _};
use ::std::sync::atomic::{AtomicU64, Ordering};

const LONGEST: usize = 200_000;
const PATIENCE: u64 = 5_000; // milliseconds for one call

pub struct Shown<'a, T: ?Sized>(pub &'a T);

pub trait Plain {
    fn write(&self, out: &mut String);
}

pub trait ByPlain {
    fn json(&self) -> String;
}
impl<T: Plain + ?Sized> ByPlain for &&Shown<'_, T> {
    fn json(&self) -> String {
        let mut out = String::new();
        self.0.write(&mut out);
        if out.len() > LONGEST {
            out = "{\"o\": \"a value that is too large to be shown\"}".to_string();
        }
        out
    }
}
pub trait ByDebug {
    fn json(&self) -> String;
}
impl<T: Debug + ?Sized> ByDebug for &Shown<'_, T> {
    fn json(&self) -> String {
        let text: String = format!("{:?}", self.0).chars().take(500).collect();
        format!("{{\"o\": {}}}", text_of(&text))
    }
}
pub trait ByNothing {
    fn json(&self) -> String;
}
impl<T: ?Sized> ByNothing for Shown<'_, T> {
    fn json(&self) -> String {
        "{\"o\": \"\"}".to_string()
    }
}

pub fn done(json: String) -> String {
    format!("\"state\": \"done\", \"value\": {json}")
}

pub fn raised(error: &str, words: &str) -> String {
    let words: String = words.chars().take(500).collect();
    // Neither panics nor the errors of a Result have names that an example in another notation could know.
    format!("\"state\": \"raised\", \"error\": {}, \"names\": [\"*\"], \"words\": {}", text_of(error), text_of(&words))
}

pub trait Words {
    fn words(&self) -> String;
}
impl<T: Debug + ?Sized> Words for &Shown<'_, T> {
    fn words(&self) -> String {
        format!("{:?}", self.0)
    }
}
pub trait NoWords {
    fn words(&self) -> String;
}
impl<T: ?Sized> NoWords for Shown<'_, T> {
    fn words(&self) -> String {
        String::new()
    }
}

pub fn kind_of<T: ?Sized>(_: &T) -> String {
    let name = ::std::any::type_name::<T>();
    let name = name.split('<').next().unwrap_or(name);
    name.rsplit("::").next().unwrap_or(name).to_string()
}

pub fn text_of(value: &str) -> String {
    let mut out = String::from("\"");
    for one in value.encode_utf16() {
        match one {
            0x22 | 0x5c => {
                out.push('\\');
                out.push(one as u8 as char);
            }
            0x20..=0x7e => out.push(one as u8 as char),
            _ => {
                let _ = write!(out, "\\u{one:04x}");
            }
        }
    }
    out.push('"');
    out
}

fn many<'a, T: Plain + 'a>(kind: &str, items: impl Iterator<Item = T>, out: &mut String) {
    let _ = write!(out, "{{\"{kind}\": [");
    for (place, item) in items.enumerate() {
        if out.len() > LONGEST {
            return; // what is too large is told as such
        }
        if place > 0 {
            out.push_str(", ");
        }
        item.write(out);
    }
    out.push_str("]}");
}

struct Pair<'a, K, V>(&'a K, &'a V);
impl<K: Plain, V: Plain> Plain for Pair<'_, K, V> {
    fn write(&self, out: &mut String) {
        out.push('[');
        self.0.write(out);
        out.push_str(", ");
        self.1.write(out);
        out.push(']');
    }
}

macro_rules! written {
    ($kind:literal: $($name:ty),*) => {$(
        impl Plain for $name {
            fn write(&self, out: &mut String) {
                let _ = write!(out, concat!("{{\"", $kind, "\": \"{}\"}}"), self);
            }
        }
    )*};
}
written!("i": i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize);
written!("f": f32, f64);

impl Plain for bool {
    fn write(&self, out: &mut String) {
        let _ = write!(out, "{{\"b\": {self}}}");
    }
}
impl Plain for () {
    fn write(&self, out: &mut String) {
        out.push_str("{\"n\": 0}");
    }
}
impl Plain for char {
    fn write(&self, out: &mut String) {
        self.to_string().write(out);
    }
}
impl Plain for str {
    fn write(&self, out: &mut String) {
        let _ = write!(out, "{{\"s\": {}}}", text_of(self));
    }
}
impl Plain for String {
    fn write(&self, out: &mut String) {
        self.as_str().write(out);
    }
}
impl<T: Plain> Plain for Option<T> {
    fn write(&self, out: &mut String) {
        match self {
            Some(value) => value.write(out),
            None => out.push_str("{\"n\": 0}"),
        }
    }
}
impl<T: Plain, E: Debug> Plain for Result<T, E> {
    fn write(&self, out: &mut String) {
        match self {
            Ok(value) => value.write(out),
            Err(error) => {
                let _ = write!(out, "{{\"o\": {}}}", text_of(&format!("Err({error:?})")));
            }
        }
    }
}

macro_rules! through {
    ($($name:ty),*) => {$(
        impl<T: Plain + ?Sized> Plain for $name {
            fn write(&self, out: &mut String) {
                (**self).write(out);
            }
        }
    )*};
}
through!(&T, &mut T, Box<T>, ::std::rc::Rc<T>, ::std::sync::Arc<T>);

impl<T: Plain + ToOwned + ?Sized> Plain for ::std::borrow::Cow<'_, T> {
    fn write(&self, out: &mut String) {
        (**self).write(out);
    }
}
impl<T: Plain> Plain for [T] {
    fn write(&self, out: &mut String) {
        many("l", self.iter(), out);
    }
}
impl<T: Plain, const N: usize> Plain for [T; N] {
    fn write(&self, out: &mut String) {
        self[..].write(out);
    }
}

macro_rules! listed {
    ($kind:literal: $($name:ident),*) => {$(
        impl<T: Plain> Plain for $name<T> {
            fn write(&self, out: &mut String) {
                many($kind, self.iter(), out);
            }
        }
    )*};
}
listed!("l": Vec, VecDeque, LinkedList, BinaryHeap);
listed!("z": BTreeSet);

impl<T: Plain, S> Plain for HashSet<T, S> {
    fn write(&self, out: &mut String) {
        many("z", self.iter(), out);
    }
}
impl<K: Plain, V: Plain, S> Plain for HashMap<K, V, S> {
    fn write(&self, out: &mut String) {
        many("m", self.iter().map(|(key, value)| Pair(key, value)), out);
    }
}
impl<K: Plain, V: Plain> Plain for BTreeMap<K, V> {
    fn write(&self, out: &mut String) {
        many("m", self.iter().map(|(key, value)| Pair(key, value)), out);
    }
}

macro_rules! tuples {
    ($(($($name:ident $place:tt),+))*) => {$(
        impl<$($name: Plain),+> Plain for ($($name,)+) {
            fn write(&self, out: &mut String) {
                out.push_str("{\"t\": [");
                $(
                    if $place > 0 {
                        out.push_str(", ");
                    }
                    self.$place.write(out);
                )+
                out.push_str("]}");
            }
        }
    )*};
}
tuples! {
    (A 0) (A 0, B 1) (A 0, B 1, C 2) (A 0, B 1, C 2, D 3) (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5) (A 0, B 1, C 2, D 3, E 4, F 5, G 6) (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7)
}

pub fn run(calls: &[(&str, fn() -> String)]) {
    let mut asked = String::new();
    let _ = ::std::io::stdin().read_to_string(&mut asked);
    let mut asked = asked.lines();
    let nonce = asked.next().unwrap_or("").to_string();
    let say = |line: &str| {
        let mut out = ::std::io::stdout().lock();
        let _ = out.write_all(format!("\n{nonce} {line}\n").as_bytes());
        let _ = out.flush();
    };
    static TURN: AtomicU64 = AtomicU64::new(0);
    say("{\"state\": \"loaded\"}");
    for id in asked {
        let call = match calls.iter().find(|(name, _)| *name == id) {
            Some((_, call)) => call,
            None => continue,
        };
        let turn = TURN.fetch_add(1, Ordering::SeqCst) + 1;
        ::std::thread::spawn(move || {
            ::std::thread::sleep(::std::time::Duration::from_millis(PATIENCE));
            if TURN.load(Ordering::SeqCst) == turn {
                let _ = ::std::io::stderr().write_all(b"\nit did not end in time\n");
                ::std::process::abort();
            }
        });
        let said = ::std::panic::catch_unwind(|| call()).unwrap_or_else(|error| {
            let words = error.downcast_ref::<&str>().map(|words| words.to_string());
            let words = words.or_else(|| error.downcast_ref::<String>().cloned()).unwrap_or_default();
            ::std::mem::forget(error);
            raised("panic", &words)
        });
        say(&format!("{{\"id\": {}, {said}}}", text_of(id)));
    }
    TURN.fetch_add(1, Ordering::SeqCst);
    say("{\"state\": \"end\"}");
}
