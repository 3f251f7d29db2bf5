/* audit: reads everything back through the API once the rides are over, and tells the judge.
 *
 * Every acknowledged ride with the rider's own token, its log of events, the rider's list of
 * rides, each driver's state; then the drivers go offline. A bounded number of calls is under
 * way at a time.
 */
#ifndef HANSOM_SIM_AUDIT_H
#define HANSOM_SIM_AUDIT_H

struct audit;
struct world;

/* Begins; world_audited is called at the end. */
struct audit *audit_start(struct world *w);
void audit_free(struct audit *a);

#endif
