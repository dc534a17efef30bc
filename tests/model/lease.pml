/* The majority lease of core/lease/decide/vote.ts and claim.ts as a model for spin (README.md beside it). VOTERS, CANDIDATES,
   TTL and FENCE (in ticks) come from the command line. AHEAD adds epochs (epochs.pml): how far above the newest leadership's
   a candidate may ask; 0 leaves them out. PLANT_… plants one fault. */

#define MAJORITY (VOTERS / 2 + 1)

/* What a voter has granted: nothing, nothing and silent after its start, or the lease to a candidate, for the
   attempt or lease that the candidate counts now, or for one that it has given up, also by a restart. */
#define FREE 0
#define SILENT 1
#define CURRENT(c) (2 + 2 * (c))
#define FORMER(c) (3 + 2 * (c))

byte grant[VOTERS];
byte left[VOTERS];                /* ticks until a voter is free */
byte worth[VOTERS * CANDIDATES];  /* what a voter's answer on its way to a candidate is worth, in ticks from now */
byte asked[CANDIDATES];           /* what the present attempt is worth; 0: there is none */
byte server[CANDIDATES];          /* ticks until the server must be dead; it holds the lease while this is above FENCE */
bool ended[CANDIDATES];           /* a lease has run out, and no attempt has been made since */

#define WORTH(v, c) worth[(v) * CANDIDATES + (c)]
#define HOLDS(c) (server[c] > FENCE)

hidden byte i, j, k, n, best;

#include "epochs.pml"

#define SWAP(one, other) k = one; one = other; other = k

/* Voters are alike: they are kept in one order, so that states which differ by their names only are one state. */
inline compareNext() {
  n = 0; /* 1: voters j and j + 1 are in the wrong order */
  if
  :: grant[j] != grant[j + 1] -> n = (grant[j] > grant[j + 1])
  :: else ->
    if
    :: left[j] != left[j + 1] -> n = (left[j] > left[j + 1])
    :: else ->
      k = 0;
      do
      :: k < CANDIDATES && WORTH(j, k) == WORTH(j + 1, k) -> k++
      :: else -> break
      od;
      if
      :: k < CANDIDATES -> n = (WORTH(j, k) > WORTH(j + 1, k))
      :: else -> compareEpochs()
      fi
    fi
  fi
}

inline sortVoters() {
  do
  :: j == VOTERS - 1 -> break
  :: else ->
    compareNext();
    if
    :: n ->
      SWAP(grant[j], grant[j + 1]);
      SWAP(left[j], left[j + 1]);
      SWAP(high[j], high[j + 1]);
      i = 0;
      do
      :: i < CANDIDATES -> SWAP(WORTH(j, i), WORTH(j + 1, i)); SWAP(GOT(j, i), GOT(j + 1, i)); i++
      :: else -> break
      od;
      j = (j > 0 -> j - 1 : 0)
    :: else -> j++
    fi
  od;
  i = 0; j = 0; k = 0; n = 0; best = 0
}

/* All clocks go on by one. */
inline tick() {
  i = 0;
  do
  :: i < VOTERS ->
    if
    :: left[i] > 1 -> left[i]--
    :: left[i] == 1 -> left[i] = 0; grant[i] = FREE
    :: else -> skip
    fi;
    i++
  :: else -> break
  od;
  i = 0;
  do
  :: i < VOTERS * CANDIDATES -> worth[i] = (worth[i] > 0 -> worth[i] - 1 : 0); i++
  :: else -> break
  od;
  i = 0;
  do
  :: i < CANDIDATES ->
    asked[i] = (asked[i] > 0 -> asked[i] - 1 : 0);
    if
    :: server[i] == FENCE + 1 -> ended[i] = true; leaseOver(i)
    :: else -> skip
    fi;
    server[i] = (server[i] > 0 -> server[i] - 1 : 0);
    i++
  :: else -> break
  od
}

/* No answer that is still on its way counts for this candidate; what voters have granted it was for a former attempt. */
inline forget(c) {
  leaseOver(c);
  i = 0;
  do
  :: i < VOTERS ->
    WORTH(i, c) = 0;
    if
    :: grant[i] == CURRENT(c) -> grant[i] = FORMER(c)
    :: else -> skip
    fi;
    i++
  :: else -> break
  od
}

/* The worth of the answer that completes a majority: the most that this many voters reach together. */
inline majorityWorth(c) {
  best = 0;
  i = 1;
  do
  :: i <= TTL ->
    n = 0;
    j = 0;
    do
    :: j < VOTERS -> n = n + (WORTH(j, c) >= i -> 1 : 0); j++
    :: else -> break
    od;
    best = (n >= MAJORITY -> i : best);
    i++
  :: else -> break
  od
}

/* The promise: while one holds the lease, no other does, and no other's server may still be dying. */
inline nobodyElse(c) {
  i = 0;
  do
  :: i < CANDIDATES -> assert(i == c || server[i] == 0); i++
  :: else -> break
  od
}

inline grantCurrent(v, c, value) {
  grant[v] = CURRENT(c);
  left[v] = TTL;
  WORTH(v, c) = (value > WORTH(v, c) -> value : WORTH(v, c))
}

#define OWN(v, c) (grant[v] == CURRENT(c) || grant[v] == FORMER(c))
#define OPEN(v, c) (grant[v] == FREE || OWN(v, c))

#ifdef PLANT_NO_SILENCE
#define START_GRANT FREE
#define START_LEFT 0
#else
#define START_GRANT SILENT
#define START_LEFT TTL
#endif

#ifdef PLANT_RENEW_AFTER_END
#define MAY_RENEW(c) (HOLDS(c) || ended[c])
#else
#define MAY_RENEW(c) HOLDS(c)
#endif

#ifdef PLANT_ANY_RELEASE
#define RELEASED(v, c) OWN(v, c)
#else
#define RELEASED(v, c) (grant[v] == FORMER(c))
#endif

#ifdef PLANT_COUNT_FROM_ANSWER
#define SINCE_SENT(c) TTL
#else
#define SINCE_SENT(c) asked[c]
#endif

#ifdef PLANT_ASK_WHILE_DYING
#define MAY_ASK(c) (!HOLDS(c))
#else
#define MAY_ASK(c) (server[c] == 0)
#endif

active proctype world() {
  byte v, c, e;
  d_step {
    do
    :: v < VOTERS -> grant[v] = START_GRANT; left[v] = START_LEFT; high[v] = LED; v++
    :: else -> v = 0; break
    od
  }
  do
  :: d_step { tick(); j = 0; sortVoters() }
  :: atomic {
    select(c : 0 .. CANDIDATES - 1);
    if
    :: d_step { MAY_ASK(c) -> forget(c); asked[c] = TTL; ended[c] = false } /* a new attempt */
    :: d_step { true -> forget(c); asked[c] = 0; server[c] = 0; ended[c] = false } /* given up, handed over, or restarted */
    :: d_step { /* enough answers to the attempt have come */
      asked[c] > FENCE -> majorityWorth(c);
      if
      :: best > 0 -> server[c] = SINCE_SENT(c); asked[c] = 0; nobodyElse(c)
      :: else -> skip
      fi
    }
    :: d_step { /* enough answers to renewals have come */
      MAY_RENEW(c) -> majorityWorth(c);
      if
      :: best > FENCE && best > server[c] -> assert(!ended[c]); server[c] = best; nobodyElse(c)
      :: else -> skip
      fi
    }
    :: atomic { AHEAD > 0 && HOLDS(c) -> select(e : LOWER .. MOST); if :: d_step { askEpoch(c, e) } fi }
    :: d_step { MAY_LEAD(c) -> lead(c) }
    fi;
    d_step { c = 0; e = 0; j = 0; sortVoters() }
  }
  :: atomic {
    select(v : 0 .. VOTERS - 1);
    if
    :: d_step { grant[v] = START_GRANT; left[v] = START_LEFT; forgetEpoch(v) } /* the voter starts anew */
    :: atomic {
      select(c : 0 .. CANDIDATES - 1);
      if
      :: d_step { OPEN(v, c) -> grantCurrent(v, c, asked[c]) } /* the attempt's request, at any time, any number of times */
      :: d_step { HOLDS(c) && OPEN(v, c) -> grantCurrent(v, c, TTL) } /* a renewal */
      :: d_step { grant[v] == FREE || grant[v] == FORMER(c) -> grant[v] = FORMER(c); left[v] = TTL } /* a late request */
      :: d_step { RELEASED(v, c) -> grant[v] = FREE; left[v] = 0 } /* a release, late or not */
      :: d_step { wanted[c] > 0 && OWN(v, c) && ABOVE(wanted[c], v) -> grantEpoch(v, c) } /* an epoch */
      :: else -> skip
      fi
    }
    fi;
    d_step { v = 0; c = 0; e = 0; j = 0; sortVoters() }
  }
  od
}
