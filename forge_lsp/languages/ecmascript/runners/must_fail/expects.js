[
  ["toBe", (e) => e(1).toBe(2)], ["not.toBe", (e) => e(1).not.toBe(1)],
  ["toEqual", (e) => e({ a: 1 }).toEqual({ a: 2 })],
  ["toStrictEqual", (e) => e([1]).toStrictEqual([2])], ["toMatchObject", (e) => e({ a: 1 }).toMatchObject({ a: 2 })],
  ["toContain", (e) => e([1]).toContain(2)], ["toHaveLength", (e) => e([1]).toHaveLength(2)],
  ["toBeTruthy", (e) => e(0).toBeTruthy()], ["toBeFalsy", (e) => e(1).toBeFalsy()],
  ["toBeNull", (e) => e(1).toBeNull()], ["toBeUndefined", (e) => e(1).toBeUndefined()],
  ["toBeDefined", (e) => e(undefined).toBeDefined()], ["toBeGreaterThan", (e) => e(1).toBeGreaterThan(2)],
  ["toBeLessThan", (e) => e(2).toBeLessThan(1)], ["toBeCloseTo", (e) => e(1).toBeCloseTo(2)],
  ["toMatch", (e) => e("a").toMatch(/b/)], ["toThrow", (e) => e(() => 1).toThrow()],
  ["toBeInstanceOf", (e) => e([]).toBeInstanceOf(Map)],
  ["toContainEqual", (e) => e([{ a: 1 }]).toContainEqual({ a: 2 })]
]
