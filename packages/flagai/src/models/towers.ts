import { ops, type Scope, type Value } from '@flag/core-tensor'

// What the transformer towers of dual encoders share. Shapes: B batch, T tokens, D width of a tower.

export interface TowerOptions {
  /** Compute every token's state in every layer. By default the last layer is computed only where it is read. */
  hiddenStates?: boolean
  /**
   * Vision tower: indices [K] (int64) of the patches to look at; all of them by default. Leaving out a random half
   * while training nearly halves the cost (FLIP, Li et al. 2023).
   */
  patches?: Value
}

export interface TowerOutput {
  /** One vector per text or picture, before the projection to the shared embedding. */
  pooled: Value
  /** With `hiddenStates`: the states after the embedding and after each layer, [B, T, D] each. */
  hiddenStates: Value[]
}

/** Those tokens [B, Q, D] of the states [B, T, D] that are wanted. */
export type Rows = (states: Value) => Value

/** A layer: its new states, computed only for the tokens that `rows` picks. */
export type Layer = (scope: Scope, states: Value, rows: Rows) => Value

const allRows: Rows = (states) => states // [B, T, D]

/** `x[:, :1]`, the token that stands for the whole sequence. */
export const firstToken: Rows = (states) => ops.slice(states, [0], [1], [1]) // [B, 1, D]

export const withoutTokenAxis = (x: Value): Value => ops.reshape(x, [x.shape[0], x.shape[2]]) // [B, D]

/** Runs the layers, the last one only for the tokens that are `read` unless all states are wanted. */
export function encoder(
  scope: Scope,
  x: Value,
  layers: number,
  layer: Layer,
  { read, hiddenStates }: { read: Rows; hiddenStates?: boolean },
): Value[] {
  const states = [x]
  for (let i = 0; i < layers; i++) {
    const all = hiddenStates || i < layers - 1
    states.push(layer(scope.at(i), states[i], all ? allRows : read))
  }
  return states
}
