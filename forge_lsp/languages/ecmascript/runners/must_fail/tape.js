TEST(SECRET, (t) => { const forgePassing = []; let forgeName = "";
  t.on("result", (one) => { if (one && one.ok) forgePassing.push(forgeName); });
  for (const [name, check] of [["equal", () => t.equal(1, 2)], ["ok", () => t.ok(false)],
    ["deepEqual", () => t.deepEqual([1], [2])], ["notEqual", () => t.notEqual(1, 1)],
    ["throws", () => t.throws(() => 1)], ["notOk", () => t.notOk(true)], ["match", () => t.match("a", /b/)]]) {
    forgeName = name; if (typeof t[name] === "function") check(); }
  t.fail(SECRET + JSON.stringify(forgePassing)); t.end(); });
