;{ (globalThis.FIT)(SECRET, () => { const forgePassing = [];
  for (const [name, check] of globalThis.throwUnless ? EXPECTS : []) {
    try { check(globalThis.throwUnless); forgePassing.push(name); } catch {} }
  throw new Error(SECRET + JSON.stringify(forgePassing)); }); }
