const forgeApply = Reflect.apply;
{ANSWERING}
globalThis.expect = new Proxy(globalThis.expect, {
  apply: (real, self, given) => { forgeSeen(given[0], 0); return forgeApply(real, self, given); },
});
const forgeMatchers = globalThis[Symbol.for("$$jest-matchers-object")]?.matchers ?? {};
const forgeWatched = ((document, globals, matchers) => {{SCRIPT}})({DOCUMENT}, globalThis, [forgeMatchers]);
globalThis.afterEach(forgeWatched.check);
module.exports = forgeWatched;
