/* The similarity of two vectors. It is in a file of its own, since it needs no model and is part of
 * every build of the library. */
#include <beluga/embedding.h>

#include <math.h>

/* Add up four sums at once, so that the compiler can vectorize the loop. */
double beluga_similarity(const float *a, const float *b, size_t n)
{
    enum { LANES = 4 };
    double dot[LANES] = {0}, aa[LANES] = {0}, bb[LANES] = {0};
    for (size_t i = 0; i < n; i++) {
        double x = a[i], y = b[i];
        dot[i % LANES] += x * y;
        aa[i % LANES] += x * x;
        bb[i % LANES] += y * y;
    }
    double lengths = sqrt((aa[0] + aa[1] + aa[2] + aa[3]) * (bb[0] + bb[1] + bb[2] + bb[3]));
    return lengths > 0 ? (dot[0] + dot[1] + dot[2] + dot[3]) / lengths : 0;
}
