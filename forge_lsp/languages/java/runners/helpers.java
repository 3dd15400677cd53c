@SafeVarargs private static <T> java.util.ArrayList<T> $List(T... items) { return new java.util.ArrayList<T>(java.util.Arrays.asList(items)); }
@SafeVarargs private static <T> java.util.LinkedHashSet<T> $Set(T... items) { return new java.util.LinkedHashSet<T>(java.util.Arrays.asList(items)); }
@SafeVarargs private static <T> java.util.TreeSet<T> $Sorted(T... items) { return new java.util.TreeSet<T>(java.util.Arrays.asList(items)); }
@SafeVarargs private static <T> java.util.LinkedList<T> $Linked(T... items) { return new java.util.LinkedList<T>(java.util.Arrays.asList(items)); }
@SafeVarargs private static <T> java.util.Vector<T> $Vector(T... items) { return new java.util.Vector<T>(java.util.Arrays.asList(items)); }
@SafeVarargs private static <T> java.util.PriorityQueue<T> $Heap(T... items) { return new java.util.PriorityQueue<T>(java.util.Arrays.asList(items)); }
@SafeVarargs private static <T> java.util.ArrayDeque<T> $Ring(T... items) { return new java.util.ArrayDeque<T>(java.util.Arrays.asList(items)); }
@SafeVarargs private static <T> java.util.Stack<T> $Stack(T... items) { java.util.Stack<T> all = new java.util.Stack<T>(); java.util.Collections.addAll(all, items); return all; }
private static <K, V> java.util.Map.Entry<K, V> $Pair(K key, V value) { return new java.util.AbstractMap.SimpleEntry<K, V>(key, value); }
@SafeVarargs private static <K, V> java.util.LinkedHashMap<K, V> $Map(java.util.Map.Entry<? extends K, ? extends V>... pairs) { java.util.LinkedHashMap<K, V> all = new java.util.LinkedHashMap<K, V>(); for (java.util.Map.Entry<? extends K, ? extends V> one : pairs) all.put(one.getKey(), one.getValue()); return all; }
@SafeVarargs private static <K, V> java.util.TreeMap<K, V> $SortedMap(java.util.Map.Entry<? extends K, ? extends V>... pairs) { java.util.TreeMap<K, V> all = new java.util.TreeMap<K, V>(); for (java.util.Map.Entry<? extends K, ? extends V> one : pairs) all.put(one.getKey(), one.getValue()); return all; }
