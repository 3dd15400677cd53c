[
  ["equal", (c) => c.expect(1).to.equal(2)], ["eql", (c) => c.expect({ a: 1 }).to.eql({ a: 2 })],
  ["deep", (c) => c.expect([1]).to.deep.equal([2])], ["ok", (c) => c.expect(0).to.be.ok],
  ["true", (c) => c.expect(false).to.be.true], ["null", (c) => c.expect(1).to.be.null],
  ["undefined", (c) => c.expect(1).to.be.undefined], ["throw", (c) => c.expect(() => 1).to.throw()],
  ["include", (c) => c.expect([1]).to.include(2)], ["lengthOf", (c) => c.expect([1]).to.have.lengthOf(2)],
  ["not", (c) => c.expect(1).to.not.equal(1)], ["assert.equal", (c) => c.assert.equal(1, 2)],
  ["assert", (c) => c.assert(false)], ["assert.deepEqual", (c) => c.assert.deepEqual([1], [2])],
  ["assert.throws", (c) => c.assert.throws(() => 1)], ["assert.isTrue", (c) => c.assert.isTrue(false)]
]
