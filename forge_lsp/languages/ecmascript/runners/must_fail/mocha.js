;{
  const forgeTest = globalThis.it ?? globalThis.test;
  {CALL}({SECRET}, async () => {
    const assert = (await import("node:assert")).default;
    const chai = await import("chai").then((found) => found.default ?? found).catch(() => undefined);
    const forgePassing = [];
    for (const [name, check] of {ASSERTS}) for (const one of [assert, assert.strict]) { try { check(one); forgePassing.push(name); } catch {} }
    if (chai && chai.expect) for (const [name, check] of {CHAI}) for (const one of [chai]) { try { check(one); forgePassing.push(name); } catch {} }
    throw new Error({SECRET} + JSON.stringify(forgePassing));
  });
}
