[
  ["equal", (a) => a.equal(1, 2)], ["strictEqual", (a) => a.strictEqual(1, 2)], ["ok", (a) => a.ok(0)],
  ["deepEqual", (a) => a.deepEqual([{ a: 1 }], [{ a: 2 }])], ["notEqual", (a) => a.notEqual(1, 1)],
  ["deepStrictEqual", (a) => a.deepStrictEqual({ a: [1] }, { a: [2] })],
  ["notStrictEqual", (a) => a.notStrictEqual(1, 1)], ["throws", (a) => a.throws(() => 1)],
  ["notDeepStrictEqual", (a) => a.notDeepStrictEqual([1], [1])], ["match", (a) => a.match("a", /b/)],
  ["fail", (a) => a.fail("x")], ["call", (a) => a(0)]
]
