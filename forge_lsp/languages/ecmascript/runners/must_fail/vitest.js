import { afterEach, chai as forgeChai } from "vitest";
const forgeApply = Reflect.apply;
{ANSWERING}
for (const name of ["toBe", "toEqual", "toStrictEqual", "toMatchObject", "toContain", "toContainEqual", "toHaveLength",
  "toHaveProperty", "toBeTruthy", "toBeFalsy", "toBeNull", "toBeUndefined", "toBeDefined", "toBeCloseTo",
  "toBeGreaterThan", "toBeLessThan", "toMatch", "toBeInstanceOf"]) {
  forgeChai.util.overwriteMethod(forgeChai.Assertion.prototype, name, (original) => function (...wanted) {
    forgeSeen(forgeChai.util.flag(this, "object"), 0);
    return forgeApply(original, this, wanted);
  });
}
const forgeWatched = ((document, globals, matchers) => {{SCRIPT}})({DOCUMENT}, globalThis, [
  forgeChai.Assertion.prototype, globalThis[Symbol.for("$$jest-matchers-object")]?.matchers ?? {}]);
afterEach(forgeWatched.check);
export default forgeWatched;
