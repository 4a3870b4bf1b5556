import type { Checkpoint } from '../checkpoint/checkpoint.ts'
import { FlagError } from '../errors.ts'
import { currentGraph, type Value } from './graph.ts'

/**
 * Named parameters seen from one place in a model: `scope.at('encoder.layers').at(0).param('weight')` is the
 * state-dict entry `encoder.layers.0.weight`. Model functions take a scope, so the same code runs over a checkpoint
 * file and over parameters that are being trained.
 */
export interface Scope {
  readonly path: string
  at(path: string | number): Scope
  has(name: string): boolean
  /** Throws `not-found` when the parameter does not exist. */
  param(name: string): Value
}

/** A scope whose parameters, by full name, are whatever `has` and `read` say. */
export function scopeOver(has: (name: string) => boolean, read: (name: string) => Value, path = ''): Scope {
  const full = (name: string | number) => (path === '' ? `${name}` : `${path}.${name}`)
  return {
    path,
    at: (name) => scopeOver(has, read, full(name)),
    has: (name) => has(full(name)),
    param: (name) => read(full(name)),
  }
}

/** Parameters given as values, by full name. Their gradients can be taken. */
export function scopeOfValues(values: Readonly<Record<string, Value>>): Scope {
  return scopeOver(
    (name) => Object.hasOwn(values, name),
    (name) => {
      if (!Object.hasOwn(values, name)) throw missing(name, Object.keys(values))
      return values[name]
    },
  )
}

/** Parameters that stay in their checkpoint's file until the runtime maps them. */
export function scopeOfCheckpoint(checkpoint: Checkpoint): Scope {
  return scopeOver(
    (name) => checkpoint.has(name),
    (name) => {
      if (!checkpoint.has(name)) throw missing(name, checkpoint.names)
      return currentGraph().stored(checkpoint.info(name))
    },
  )
}

function missing(name: string, names: readonly string[]): FlagError {
  const tail = name.split('.').slice(-3).join('.')
  const near = names.filter((other) => other.endsWith(tail)).slice(0, 3)
  return new FlagError('not-found', `the checkpoint has no tensor "${name}"`, {
    hint:
      near.length > 0
        ? `it has ${near.join(', ')}`
        : `it has ${names.length} tensors, the first is ${names[0]}`,
  })
}
