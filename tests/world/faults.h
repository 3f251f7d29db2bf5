/* faults: what machines and networks do, as often as this seed wants. */
#ifndef HANSOM_TESTS_WORLD_FAULTS_H
#define HANSOM_TESTS_WORLD_FAULTS_H

/* Builds the city: two dispatchers, two or three matchers, an ingest, pricing and a
 * gateway or two of them, and the store; and lets it suffer. */
void faults_begin(void);

/* Everything is up, connected and on time, and stays so. */
void faults_calm(void);

#endif
