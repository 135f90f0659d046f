/*
 * Failures of GSL calls as values of the calling thread.
 *
 * GSL's own error handler ends the process. Loading this module replaces it, before `main` and so before any
 * thread, with one that only notes the failure for the thread it happened on.
 */
#ifndef STAMPEDE_CGSL_ERRORS_H
#define STAMPEDE_CGSL_ERRORS_H

/* The GSL code of this thread's last failure, 0 if there was none since the last call; forgets the failure. */
int gsl_failure_take(void);

/*
 * GSL's words for the failure that `gsl_failure_take` returned last on this thread. Never null; valid until the
 * next GSL call of this thread.
 */
const char *gsl_failure_reason(void);

#endif
