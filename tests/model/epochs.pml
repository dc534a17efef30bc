/* The epochs of core/lease/decide/epoch.ts and roles/postgres-node/lease/reservation.ts: a part of lease.pml. Epochs are counted
   from that of the newest leadership: it is LED, the next ones LED + 1 and so on, and all earlier ones are LOWER. */

#define LOWER 1
#define LED 2
#define MOST (LED + AHEAD)

byte high[VOTERS];              /* the highest epoch that a voter has granted, on its disk */
byte wanted[CANDIDATES];        /* the epoch that a candidate asks for under its present lease; 0: none */
bool got[VOTERS * CANDIDATES];  /* a voter has granted that epoch; its answer may come at any time */

#define GOT(v, c) got[(v) * CANDIDATES + (c)]

/* For sortVoters(): whether voters j and j + 1, alike in everything else, are in the wrong order. */
inline compareEpochs() {
  if
  :: high[j] != high[j + 1] -> n = (high[j] > high[j + 1])
  :: else ->
    k = 0;
    do
    :: k < CANDIDATES && GOT(j, k) == GOT(j + 1, k) -> k++
    :: else -> break
    od;
    n = (k < CANDIDATES && GOT(j, k) > GOT(j + 1, k))
  fi
}

#ifdef PLANT_LEAD_AFTER_END
#define MAY_LEAD(c) (wanted[c] > 0)
#define leaseOver(c) skip
#else
#define MAY_LEAD(c) (wanted[c] > 0 && HOLDS(c))
#define leaseOver(c) endQuestion(c)
#endif

#ifdef PLANT_SAME_EPOCH
#define ABOVE(number, v) (number >= high[v])
#else
#define ABOVE(number, v) (number > high[v] || (number == LOWER && high[v] == LOWER)) /* of two LOWER ones either may be higher */
#endif

/* A voter that starts anew has lost its memory, and kept its disk. */
#ifdef PLANT_EPOCHS_IN_MEMORY
#define forgetEpoch(v) high[v] = LOWER
#else
#define forgetEpoch(v) skip
#endif

/* The lease is over, or another question begins: grants of the last one no longer count. */
inline endQuestion(c) {
  wanted[c] = 0;
  for (j : 0 .. VOTERS - 1) { GOT(j, c) = false }
  j = 0
}

/* The holder asks for a number, whatever it knows. */
inline askEpoch(c, number) {
  endQuestion(c);
  wanted[c] = number
}

/* The voter writes the number to its disk, then it answers. */
inline grantEpoch(v, c) {
  high[v] = wanted[c];
  GOT(v, c) = true
}

/* Counts an epoch from one that is so much greater. */
#define FROM(number, more) number = (number >= LED + more -> number - more : (number > LOWER -> LOWER : number))

/* A majority has granted the epoch, and the leadership begins. The promise: its epoch is greater than that of every earlier one. */
inline lead(c) {
  n = 0;
  for (j : 0 .. VOTERS - 1) { n = n + GOT(j, c) }
  if
  :: n >= MAJORITY ->
    assert(wanted[c] > LED);
    n = wanted[c] - LED;
    endQuestion(c);
    for (j : 0 .. VOTERS - 1) { FROM(high[j], n) }
    for (j : 0 .. CANDIDATES - 1) { FROM(wanted[j], n) }
  :: else -> skip
  fi;
  n = 0; j = 0
}
