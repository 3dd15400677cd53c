;{ const forgeUnit = globalThis.QUnit; forgeUnit.module(""); forgeUnit.FIT(SECRET, (a) => {
  const forgePassing = []; let forgeName = "";
  forgeUnit.log((one) => { if (forgeName && one.result) forgePassing.push(forgeName); });
  for (const [name, check] of [["equal", () => a.equal(1, 2)], ["strictEqual", () => a.strictEqual(1, 2)],
    ["ok", () => a.ok(0)], ["notOk", () => a.notOk(1)], ["deepEqual", () => a.deepEqual([1], [2])],
    ["propEqual", () => a.propEqual({ a: 1 }, { a: 2 })], ["throws", () => a.throws(() => 1)]]) {
    forgeName = name; check(); }
  forgeName = ""; a.ok(false, SECRET + JSON.stringify(forgePassing)); }); }
