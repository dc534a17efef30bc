// What this node was ordered to do from outside, until the loop of the running server takes it.

export type Order =
  /** the primary hands over to this standby, which could lead when the order was given */
  | { do: "hand-over"; to: string; because: string }
  /** this standby is cloned again */
  | { do: "reinit"; because: string };

export class Orders {
  private readonly waiting: Order[] = [];

  constructor(private readonly wake: () => void) {}

  /** False where an order of this kind waits already: the earlier one stands. */
  give(order: Order): boolean {
    if (this.waiting.some((o) => o.do === order.do)) return false;
    this.waiting.push(order);
    this.wake();
    return true;
  }

  /** The oldest order, which waits no longer; null where there is none. */
  take(): Order | null {
    return this.waiting.shift() ?? null;
  }

  /** The server that they were given to has ended: what is left of them. */
  drop(): Order[] {
    return this.waiting.splice(0);
  }
}
