(forgeFound.default ?? TEST)(SECRET, async (t) => { const forgePassing = [];
  for (const [name, check] of [["is", (one) => one.is(1, 2)], ["true", (one) => one.true(false)],
    ["deepEqual", (one) => one.deepEqual([1], [2])], ["not", (one) => one.not(1, 1)],
    ["throws", (one) => one.throws(() => 1)], ["falsy", (one) => one.falsy(1)],
    ["regex", (one) => one.regex("a", /b/)]]) {
    const tried = await t.try(check); if (tried.passed) forgePassing.push(name); tried.discard(); }
  t.fail(SECRET + JSON.stringify(forgePassing)); });
