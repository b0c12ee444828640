/* Wall-clock seconds, for --time-loop. */
#ifndef REFERENCE_TIMING_H
#define REFERENCE_TIMING_H

double wall_seconds(void);

#endif
