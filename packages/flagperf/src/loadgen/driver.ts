import { FlagError } from '@flag/core-tensor'
import type { Clock } from './clock.ts'
import type { PlannedQuery, QueryPlan } from './queries.ts'
import type { RunError, RunRecord } from './record.ts'
import type { EffectiveSettings } from './settings.ts'

/** A sample that the system under test is asked for. */
export interface QuerySample {
  /** Its number in this test; completions name it. */
  readonly id: number
  /** Its index in the sample library. */
  readonly index: number
}

/** Says that a sample is done. `data` is what an accuracy run writes down, `tokens` how many the answer has, where those count. */
export type Complete = (sample: QuerySample, data?: Uint8Array, tokens?: number) => void

/** Says that the first token of a sample is there. */
export type FirstToken = (sample: QuerySample) => void

/** What is measured: a model, a server, a device. Its work must not block the thread of the driver. */
export interface SystemUnderTest {
  readonly name: string
  /** Starts on a query and resolves when it has called `complete` for every sample of it. */
  issueQuery(samples: readonly QuerySample[], complete: Complete, firstToken: FirstToken): Promise<void>
  /** No further query comes. */
  flushQueries?(): void
  /**
   * Calls `complete` for what is done by now. A system that has this is asked all the time while the driver waits,
   * which takes a core, and notes the end of a sample within a microsecond.
   */
  poll?(): void
}

/** An answer, as it arrived. */
export interface Answer {
  readonly id: number
  readonly index: number
  readonly data: Uint8Array
}

export interface Issued {
  readonly record: RunRecord
  /** Answers in the order in which they arrived, of the samples that `keep` asked for. */
  readonly answers: readonly Answer[]
}

export interface DriverOptions {
  readonly clock: Clock
  /** Number of the first sample. */
  readonly firstId: number
  /** Whether the answer to a sample, given by its number, is kept. */
  keep(id: number): boolean
}

/**
 * Issues the queries of a plan by the rules of the scenario and records when each sample was due, was issued and was
 * complete. In Server, queries are due by the schedule whether or not the system has answered: what waits because
 * the system is slow counts as latency (no coordinated omission).
 *
 * Throws `runtime` when the system fails, or resolves without having completed a sample.
 */
export async function issueQueries(
  system: SystemUnderTest,
  settings: EffectiveSettings,
  plan: QueryPlan,
  options: DriverOptions,
): Promise<Issued> {
  return new Driver(system, settings, plan, options).run()
}

class Driver {
  readonly #system: SystemUnderTest
  readonly #settings: EffectiveSettings
  readonly #plan: QueryPlan
  readonly #options: DriverOptions
  readonly #query: number[] = []
  readonly #sample: number[] = []
  readonly #scheduledNs: number[] = []
  readonly #issuedNs: number[] = []
  readonly #completedNs: number[] = []
  readonly #firstTokenNs: number[] = []
  readonly #tokens: number[] = []
  readonly #errors: RunError[] = []
  readonly #answers: Answer[] = []
  readonly #open: number[] = []
  readonly #running: Promise<void>[] = []
  #start = 0n
  #queriesIssued = 0
  #queriesCompleted = 0
  #failure: unknown

  constructor(system: SystemUnderTest, settings: EffectiveSettings, plan: QueryPlan, options: DriverOptions) {
    this.#system = system
    this.#settings = settings
    this.#plan = plan
    this.#options = options
  }

  async run(): Promise<Issued> {
    this.#start = this.#options.clock.now()
    const ranOut = await this.#issueAll()
    this.#system.flushQueries?.()
    await this.#answered()
    await Promise.all(this.#running)
    if (this.#failure !== undefined) throw this.#failure
    if (ranOut && this.#settings.mode === 'PerformanceOnly') this.#error(RAN_OUT)
    return {
      record: {
        queryCount: this.#queriesIssued,
        query: this.#query,
        sample: this.#sample,
        scheduledNs: this.#scheduledNs,
        issuedNs: this.#issuedNs,
        completedNs: this.#completedNs,
        ...this.#tokenRecord(),
        errors: this.#errors,
      },
      answers: this.#answers,
    }
  }

  #tokenRecord(): Pick<RunRecord, 'tokens' | 'firstTokenNs'> {
    const { scenario, requested } = this.#settings
    if (!requested.useTokenLatencies) return {}
    return { tokens: this.#tokens, ...(scenario === 'Offline' ? {} : { firstTokenNs: this.#firstTokenNs }) }
  }

  /** Whether the plan came to its end before the test was over. */
  async #issueAll(): Promise<boolean> {
    const { scenario, mode, requested } = this.#settings
    const { queries } = this.#plan
    let previous: Promise<void> | undefined
    for (let i = 0; i < queries.length; ) {
      const query = queries[i]
      if (scenario === 'SingleStream' || scenario === 'MultiStream') {
        await this.#answered()
        await previous
      }
      const nowNs = await this.#due(query)
      if (this.#failure !== undefined) return false
      let end = i + 1
      if (scenario === 'Server' && requested.serverCoalesceQueries)
        while (end < queries.length && queries[end].scheduledNs <= nowNs) end++
      previous = this.#issue(queries.slice(i, end), nowNs)
      i = end
      if (mode !== 'AccuracyOnly' && this.#isOver(nowNs)) return false
    }
    // The schedule of Server says how long the test lasts, so that its end is the end of the test.
    return scenario !== 'Server'
  }

  /** Waits until the query is to be issued and gives the time, in nanoseconds after the start. */
  async #due(query: PlannedQuery): Promise<number> {
    const { clock } = this.#options
    if (this.#settings.scenario === 'Server') {
      const time = this.#start + BigInt(query.scheduledNs)
      if (this.#system.poll) await this.#pollUntil(() => clock.now() >= time)
      else if (clock.now() < time) await clock.sleepUntil(time)
      else await clock.pause()
    }
    return this.#now()
  }

  /** Asks a system that can be asked until it has answered everything. */
  async #answered(): Promise<void> {
    if (this.#system.poll) await this.#pollUntil(() => this.#queriesCompleted === this.#queriesIssued)
  }

  async #pollUntil(isReached: () => boolean): Promise<void> {
    const { clock } = this.#options
    let asked = clock.now()
    while (this.#failure === undefined) {
      try {
        this.#system.poll?.()
      } catch (error) {
        this.#failure ??= error
      }
      if (isReached()) return
      if (clock.now() - asked > POLLING_NS) {
        // Promises and messages of others have their turn too.
        await clock.pause()
        asked = clock.now()
      }
    }
  }

  #now = () => Number(this.#options.clock.now() - this.#start)

  #issue(queries: readonly PlannedQuery[], nowNs: number): Promise<void> {
    const { scenario } = this.#settings
    const samples: QuerySample[] = []
    for (const query of queries) {
      const number = this.#queriesIssued++
      const scheduled = scenario === 'Server' ? query.scheduledNs : scenario === 'Offline' ? 0 : nowNs
      this.#open[number] = query.samples.length
      for (const index of query.samples) {
        samples.push({ id: this.#options.firstId + this.#sample.length, index })
        this.#query.push(number)
        this.#sample.push(index)
        this.#scheduledNs.push(scheduled)
        this.#issuedNs.push(nowNs)
        this.#completedNs.push(Number.NaN)
      }
    }
    const running = this.#answer(samples)
    this.#running.push(running)
    return running
  }

  async #answer(samples: readonly QuerySample[]): Promise<void> {
    try {
      await this.#system.issueQuery(samples, this.#complete, this.#firstToken)
      const missing = samples.filter(({ id }) => Number.isNaN(this.#completedNs[id - this.#options.firstId]))
      if (missing.length > 0) {
        throw new FlagError(
          'runtime',
          `${this.#system.name} did not complete ${missing.length} samples of a query`,
          {
            hint: 'issueQuery has to call complete for every sample before it resolves',
          },
        )
      }
    } catch (error) {
      this.#failure ??= error
    }
  }

  #place(sample: QuerySample): number {
    const i = sample.id - this.#options.firstId
    if (i >= 0 && i < this.#sample.length) return i
    throw new FlagError('runtime', `a sample was completed that was never issued: ${sample.id}`)
  }

  #firstToken: FirstToken = (sample) => {
    const time = this.#now()
    const i = this.#place(sample)
    if (!Number.isNaN(this.#completedNs[i]))
      this.#error('Attempted to record token latency after sample was completed')
    else this.#firstTokenNs[i] ??= time
  }

  #complete: Complete = (sample, data, tokens = 0) => {
    const time = this.#now()
    const i = this.#place(sample)
    if (!Number.isNaN(this.#completedNs[i])) {
      this.#error('Attempted to complete a sample twice.')
      return
    }
    if (this.#settings.requested.useTokenLatencies) {
      if (this.#settings.scenario !== 'Offline' && this.#firstTokenNs[i] === undefined)
        throw new FlagError('runtime', `${this.#system.name} completed a sample without its first token`, {
          hint: 'with useTokenLatencies, issueQuery calls firstToken before complete',
        })
      if (!(Number.isSafeInteger(tokens) && tokens > 1))
        throw new FlagError('runtime', `${this.#system.name} completed a sample with ${tokens} tokens`, {
          hint: 'time per token after the first needs two at least: complete(sample, data, tokens)',
        })
      this.#tokens[i] = tokens
    }
    this.#completedNs[i] = time
    const query = this.#query[i]
    if (--this.#open[query] === 0) this.#queriesCompleted++
    if (this.#options.keep(sample.id))
      this.#answers.push({ id: sample.id, index: this.#sample[i], data: data ?? new Uint8Array() })
  }

  #error(message: string): void {
    this.#errors.push({ key: 'error_runtime', message })
  }

  #isOver(nowNs: number): boolean {
    const { scenario, minQueryCount, maxQueryCount, maxAsyncQueries } = this.#settings
    const issued = this.#queriesIssued
    if (scenario === 'Server') {
      const outstanding = issued - this.#queriesCompleted
      if (maxAsyncQueries !== 0 && outstanding > maxAsyncQueries) {
        const counts = `issued ${issued} outstanding ${outstanding}`
        this.#error(`IssueQueryThread 0 Ending early: Too many outstanding queries. ${counts}`)
        return true
      }
    } else if (issued >= minQueryCount && nowNs >= this.#settings.targetDurationMs * 1e6) return true
    if (maxQueryCount !== 0 && issued >= maxQueryCount) {
      this.#error(`IssueQueryThread 0 Ending early: Max query count reached. query_count ${issued}`)
      return true
    }
    if (this.#settings.maxDurationMs !== 0 && nowNs > this.#settings.maxDurationMs * 1e6) {
      this.#error(`IssueQueryThread 0 Ending early: Max test duration reached. duration_ns ${nowNs}`)
      return true
    }
    return false
  }
}

/** How long the driver asks a system without letting anybody else do anything. */
const POLLING_NS = 500_000n

/** LoadGen's sentence: its log readers look for it. */
const RAN_OUT =
  'Ending early: Ran out of generated queries to issue before the minimum query count and test duration were reached. ' +
  'Please update the relevant expected latency or target qps in the TestSettings so they are more accurate.'
