{ const forgeOwn = forgeFound.suite(); forgeOwn(SECRET, async () => { const forgePassing = [];
  const forgeAsserts = await import("uvu/assert"); const a = forgeAsserts;
  for (const [name, check] of [["is", () => a.is(1, 2)], ["equal", () => a.equal([1], [2])],
    ["ok", () => a.ok(0)], ["not", () => a.not(1)], ["throws", () => a.throws(() => 1)],
    ["type", () => a.type(1, "string")], ["match", () => a.match("a", /b/)]]) {
    try { check(); forgePassing.push(name); } catch {} }
  throw new Error(SECRET + JSON.stringify(forgePassing)); }); forgeOwn.run(); }
