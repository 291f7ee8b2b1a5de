#include "comm/hops.h"

static int next_factor(int n)
{
    if (n % 4 == 0) return 4;
    for (int f = 2; f * f <= n; f++)
        if (n % f == 0) return f;
    return n;
}

int hops_plan(int team, int teams, hop *out)
{
    if (teams == 2) {
        out[0] = (hop){.adds = true, .whole = true, .members = 2, .mine = team, .stride = 1, .end = 2};
        return 1;
    }
    int n = 0, stride = 1, first = 0, end = teams;
    for (int rest = teams; rest > 1;) {
        const int f = next_factor(rest), mine = team / stride % f;
        out[n] = (hop){.adds = true, .members = f, .mine = mine, .stride = stride, .first = first, .end = end};
        hop_share(&out[n++], mine, &first, &end);
        stride *= f;
        rest /= f;
    }
    for (int i = n; i-- > 0; n++) {
        out[n] = out[i];
        out[n].adds = false;
    }
    return n;
}

void hop_share(const hop *h, int m, int *first, int *end)
{
    const int share = (h->end - h->first) / h->members;
    *first = h->whole ? h->first : h->first + m * share;
    *end = h->whole ? h->end : *first + share;
}
