/* A shared object that is not a plug-in. */
int plugged_nothing(void);

int plugged_nothing(void)
{
    return 0;
}
