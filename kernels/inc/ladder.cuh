// Taking a fresh feature into a Taylor ladder: what ladder_update, prefix_update and a product's epilogue have in common.
#pragma once
#include "steps.cuh"

// value = T0 of V channels of a token, of which it holds base (not read where a is 0); `propagated` is U of its cluster at these channels, not read where a is 1.
template <int V>
DEV void orderZero(float a, const float* propagated, float (&value)[V]) {
    if (a == 1.f) {
        return;
    }
    float u[V];
    load(propagated, u);
#pragma unroll
    for (int e = 0; e < V; e++) {
        value[e] = a == 0 ? u[e] : a * value[e] + u[e];
    }
}

// G_0 = now, G_{i+1} = (G_i - T_i) inverse for i + 1 < terms, then T = G; T_0 = a base + U. Planes lie `plane` elements apart; `now` is lost.
template <int V, class T>
DEV void takeIn(T* ladder, i64 plane, int terms, float inverse, float a, const float* propagated, float (&now)[V]) {
    float old[MAX_TERMS - 1][V] = {};
#pragma unroll
    for (int order = 0; order < MAX_TERMS - 1; order++) {
        if (order + 1 < terms && (order > 0 || a != 0)) {
            load(ladder + order * plane, old[order]);
        }
    }
    if (terms > 1) {
        orderZero(a, propagated, old[0]);
    }
    store(ladder, now);
#pragma unroll
    for (int order = 1; order < MAX_TERMS; order++) {
        if (order < terms) {
#pragma unroll
            for (int e = 0; e < V; e++) {
                now[e] = (now[e] - old[order - 1][e]) * inverse;
            }
            store(ladder + order * plane, now);
        }
    }
}
