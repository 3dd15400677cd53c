(forgeFound.default ?? forgeFound).test(SECRET, async (t) => { const forgePassing = [];
  for (const [name, check] of [["equal", () => t.equal(1, 2)], ["ok", () => t.ok(false)],
    ["same", () => t.same([1], [2])], ["not", () => t.not(1, 1)], ["throws", () => t.throws(() => 1)],
    ["notOk", () => t.notOk(true)], ["match", () => t.match("a", /b/)]]) {
    try { if (typeof t[name] === "function" && check()) forgePassing.push(name); } catch {} }
  t.fail(SECRET + JSON.stringify(forgePassing)); });
