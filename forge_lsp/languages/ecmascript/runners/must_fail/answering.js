// A value that answers every comparison by itself is none that a test can look at.
const forgeSeen = (value, depth) => {
  if (depth === 0) forgeWatched.check();
  if (value === null || (typeof value !== "object" && typeof value !== "function") || depth > 4) return;
  if (typeof value.asymmetricMatch === "function") throw new Error("the value answers every comparison by itself");
  const held = value instanceof Map || value instanceof Set ? [...value].flat() : Object.values(value);
  for (const each of held.slice(0, 100)) forgeSeen(each, depth + 1);
};
