// One after the other: a restart that is asked for during another begins when that one has ended.

export class Serial {
  private last: Promise<void> = Promise.resolve();
  private waiting: Promise<void> | undefined;

  /** Run `work` after what runs now. Calls that come while one is waiting share it. */
  run(work: () => Promise<void>): Promise<void> {
    if (!this.waiting) {
      const next = this.last.then(() => {
        this.waiting = undefined;
        return work();
      });
      this.waiting = next;
      this.last = next.catch(() => undefined);
    }
    return this.waiting;
  }
}
