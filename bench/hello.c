/* The smallest program: it shows the cost of loading the libraries that `beluga` uses. */
#include <stdio.h>

int main(void)
{
    puts("hello");
    return 0;
}
