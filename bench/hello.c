/* The least program: what the libraries that `beluga` uses cost by being there. */
#include <stdio.h>

int main(void)
{
    puts("hello");
    return 0;
}
