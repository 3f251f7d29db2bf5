/* answer: how what the lifecycle returned becomes an HTTP reply. One place, so that the same code
 * always has the same status, body and headers, whatever was asked. */
#ifndef HANSOM_DISPATCHER_ANSWER_H
#define HANSOM_DISPATCHER_ANSWER_H

#include "services/kit/http.h"
#include "services/kit/lifecycle.h"

/* Who asks about r: true and his audience when he is a party or ops. */
bool answer_audience(const struct auth_claims *who, const struct ride *r, enum ride_audience *out);

/* Replies with the ride and its ETag; 404 when the asker is no party. The driver's position is
 * looked up while he is on the way or driving. */
void answer_ride(struct http_req *req, int status, const struct life_result *r);

/* Replies with the problem that a code other than LIFE_OK stands for, with the current ride
 * when the asker may see it. */
void answer_problem(struct http_req *req, const struct life_result *r);

/* The usual callback of a ride's transition (data is the request): 200 with the ride, or the
 * problem. */
void answer_transition(void *data, const struct life_result *r);

/* Counts the state that a transition has brought a ride to. */
void answer_count(struct http_req *req, const struct life_result *r);

/* The usual callback of a driver call (data is the request): 200 with the driver's state. */
void answer_driver(void *data, const struct life_result *r);

/* If-Match: 0 without a condition, else the version that must hold (one that no ride has when
 * the header names none). */
int64_t answer_if_version(const struct http_req *req);

/* For requests whose body says nothing: it may be absent, but not malformed. False when it has
 * replied. */
bool answer_empty_body(struct http_req *req);

/* Replies 404 and gives false unless id is a valid id of a region that this process serves and,
 * for riders and drivers, of the region that their token names. */
bool answer_known_region(struct http_req *req, struct slice id);

/* Reads ?region=, which must be given and served here. False when it has replied. */
bool answer_region_asked(struct http_req *req, struct slice *region);

/* For routes about the driver ":id": a driver may only speak for himself. False when it has replied. */
bool answer_self_or_ops(struct http_req *req);

/* Reads a body's array of 1 to 8 short words, to be kept as one text with commas. */
void answer_words(struct http_req *req, struct body *b, const char *name, struct slice *out);

#endif
