// What this node was ordered to do from outside, until the loop of the running server takes it.

export type Order =
  /** the primary hands over to this standby, which could lead when the order was given */
  | { do: "hand-over"; to: string; because: string }
  /** this node is restored from a backup, as its memory says */
  | { do: "restore"; because: string };

export class Orders {
  private readonly waiting: Order[] = [];
  /** an operator wants a fresh cluster made here, whatever the voters remember of an earlier one */
  freshCluster = false;

  constructor(private readonly wake: () => void) {}

  /** False if an order of this kind is already waiting: the earlier one stands. */
  give(order: Order): boolean {
    if (this.waiting.some((o) => o.do === order.do)) return false;
    this.waiting.push(order);
    this.wake();
    return true;
  }

  /** Removes and returns the oldest order; null if there is none. */
  take(): Order | null {
    return this.waiting.shift() ?? null;
  }

  /** Removes and returns the orders that are left: the server that they were given to has ended. */
  drop(): Order[] {
    return this.waiting.splice(0);
  }
}
