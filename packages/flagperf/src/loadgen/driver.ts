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
  /** Not to be started before this time of the driver's clock; only where a system takes queries ahead. */
  readonly due?: bigint
}

/**
 * Says that a sample is done. `data` is what an accuracy run writes down, `tokens` how many the answer has, where those
 * count. `at` is when it was done, on the clock of the driver (`process.hrtime.bigint()`, which all threads of a process
 * share), by default now: a system in another thread takes the time there, as LoadGen does, so that it does not matter
 * how late the driver hears of it. Throws `runtime` for a time before the query was issued, or one that has not come yet.
 */
export type Complete = (sample: QuerySample, data?: Uint8Array, tokens?: number, at?: bigint) => void

/** Says that the first token of a sample is there; `at` as for `Complete`. */
export type FirstToken = (sample: QuerySample, at?: bigint) => void

/** What is measured: a model, a server, a device. Its work must not block the thread of the driver. */
export interface SystemUnderTest {
  readonly name: string
  /**
   * How long before they are due the system may be given the queries of Server, in nanoseconds. A system that has this
   * starts them when they are `due` by itself, so that they are on time however late the driver is. It is not used with
   * `serverCoalesceQueries` or `serverMaxAsyncQueries`, which depend on what is the case when a query is due.
   */
  readonly aheadNs?: number
  /** Starts on a query and resolves when it has called `complete` for every sample of it. */
  issueQuery(samples: readonly QuerySample[], complete: Complete, firstToken: FirstToken): Promise<void>
  /** No further query comes. */
  flushQueries?(): void
  /**
   * Calls `complete` for what is done by now. A system that has this is asked all the time while the driver waits, which
   * takes a core, so that the driver hears of the end of a sample within a microsecond. Where queries are issued ahead, the
   * driver sleeps, and asks between two sleeps only.
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
  /** When others last had their turn. */
  #paused = 0n
  /** How long before they are due queries are issued. */
  readonly #aheadNs: bigint
  #queriesIssued = 0
  #queriesCompleted = 0
  #failure: unknown

  constructor(system: SystemUnderTest, settings: EffectiveSettings, plan: QueryPlan, options: DriverOptions) {
    this.#system = system
    this.#settings = settings
    this.#plan = plan
    this.#options = options
    const { scenario, requested, maxAsyncQueries } = settings
    const isAhead = scenario === 'Server' && !requested.serverCoalesceQueries && maxAsyncQueries === 0
    this.#aheadNs = BigInt((isAhead && system.aheadNs) || 0)
  }

  async run(): Promise<Issued> {
    this.#start = this.#options.clock.now()
    this.#paused = this.#start
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
      if (scenario === 'SingleStream' || scenario === 'MultiStream') {
        await this.#answered()
        await previous
      }
      // All that can be done before the query is due is done by then.
      const samples = this.#prepare(queries[i])
      const nowNs = await this.#due(queries[i++])
      if (this.#failure !== undefined) return false
      if (scenario === 'Server' && requested.serverCoalesceQueries)
        while (i < queries.length && queries[i].scheduledNs <= nowNs)
          samples.push(...this.#prepare(queries[i++]))
      previous = this.#issue(samples, nowNs)
      if (mode !== 'AccuracyOnly' && this.#isOver(nowNs)) return false
    }
    // The schedule of Server says how long the test lasts, so that its end is the end of the test.
    return scenario !== 'Server'
  }

  /** Waits until the query is to be issued and gives the time from which the system can work on it, after the start. */
  async #due(query: PlannedQuery): Promise<number> {
    const { clock } = this.#options
    if (this.#settings.scenario !== 'Server') return this.#now()
    const time = this.#start + BigInt(query.scheduledNs)
    if (this.#aheadNs > 0n) await this.#ahead(time)
    else if (this.#system.poll)
      await this.#pollUntil(clock.reaches(time), clock.reaches(time - POLLING_NS / 5n))
    else if (clock.now() < time) await clock.sleepUntil(time)
    else await clock.pause()
    const nowNs = this.#now()
    return this.#aheadNs > 0n ? Math.max(nowNs, query.scheduledNs) : nowNs
  }

  /** Waits until it is early enough for a query, in few long sleeps: half of the time ahead is for waking late. */
  async #ahead(time: bigint): Promise<void> {
    const { clock } = this.#options
    this.#ask()
    const early = time - clock.now()
    if (early > this.#aheadNs) await clock.sleepUntil(time - this.#aheadNs / 2n)
    else if (clock.now() - this.#paused < 10n * POLLING_NS) return
    else await clock.pause()
    this.#paused = clock.now()
  }

  /** Asks a system that can be asked until it has answered everything. */
  async #answered(): Promise<void> {
    if (this.#system.poll) await this.#pollUntil(() => this.#queriesCompleted === this.#queriesIssued)
  }

  /** Asks the system, and gives others their turn from time to time, but not when what is waited for `isNear`. */
  async #pollUntil(isReached: () => boolean, isNear?: () => boolean): Promise<void> {
    const { clock } = this.#options
    if (clock.now() - this.#paused > 10n * POLLING_NS) await this.#pause()
    let isTurn = clock.reaches(this.#paused + POLLING_NS)
    while (this.#failure === undefined) {
      this.#ask()
      if (isReached()) return
      if (isTurn() && !isNear?.()) {
        await this.#pause()
        isTurn = clock.reaches(this.#paused + POLLING_NS)
      }
    }
  }

  #ask(): void {
    try {
      this.#system.poll?.()
    } catch (error) {
      this.#failure ??= error
    }
  }

  /** Promises and messages of others have their turn. */
  async #pause(): Promise<void> {
    await this.#options.clock.pause()
    this.#paused = this.#options.clock.now()
  }

  #now = () => Number(this.#options.clock.now() - this.#start)

  /** Makes room in the record for the samples of a query that is issued next. */
  #prepare(query: PlannedQuery): QuerySample[] {
    const number = this.#queriesIssued++
    this.#open[number] = query.samples.length
    const due = this.#aheadNs > 0n ? this.#start + BigInt(query.scheduledNs) : undefined
    return query.samples.map((index) => {
      const id = this.#options.firstId + this.#sample.length
      this.#query.push(number)
      this.#sample.push(index)
      this.#scheduledNs.push(this.#settings.scenario === 'Server' ? query.scheduledNs : 0)
      this.#issuedNs.push(Number.NaN)
      this.#completedNs.push(Number.NaN)
      return due === undefined ? { id, index } : { id, index, due }
    })
  }

  /** Issues the samples that were prepared since the last time. */
  #issue(samples: readonly QuerySample[], nowNs: number): Promise<void> {
    const { scenario } = this.#settings
    const end = this.#sample.length
    for (let i = end - samples.length; i < end; i++) {
      this.#issuedNs[i] = nowNs
      if (scenario === 'SingleStream' || scenario === 'MultiStream') this.#scheduledNs[i] = nowNs
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
    if (i >= 0 && i < this.#sample.length && !Number.isNaN(this.#issuedNs[i])) return i
    throw new FlagError('runtime', `a sample was completed that was never issued: ${sample.id}`)
  }

  /** When something happened to a sample that has been issued, in nanoseconds after the start. */
  #time(i: number, at?: bigint): number {
    const now = this.#now()
    if (at === undefined) return now
    const time = Number(at - this.#start)
    // Moved to the nearest possible time, a wrong clock would give results that look right.
    const wrong =
      time < this.#issuedNs[i]
        ? `${this.#issuedNs[i] - time} ns before it was issued`
        : time > now
          ? `${time - now} ns in the future`
          : undefined
    if (wrong === undefined) return time
    throw new FlagError('runtime', `${this.#system.name} says that sample ${i} was answered ${wrong}`, {
      hint: "the time is that of the driver's clock: process.hrtime.bigint() in a thread of this machine",
    })
  }

  #firstToken: FirstToken = (sample, at) => {
    const i = this.#place(sample)
    const time = this.#time(i, at)
    if (!Number.isNaN(this.#completedNs[i]))
      this.#error('Attempted to record token latency after sample was completed')
    else this.#firstTokenNs[i] ??= time
  }

  #complete: Complete = (sample, data, tokens = 0, at) => {
    const i = this.#place(sample)
    const time = this.#time(i, at)
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
      if (this.#firstTokenNs[i] > time)
        throw new FlagError('runtime', `${this.#system.name} completed a sample before its first token`, {
          hint: 'give the times of both, or of neither',
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

/** How long the driver asks a system before anybody else may do anything, which takes tens of microseconds. */
const POLLING_NS = 500_000n

/** LoadGen's sentence: its log readers look for it. */
const RAN_OUT =
  'Ending early: Ran out of generated queries to issue before the minimum query count and test duration were reached. ' +
  'Please update the relevant expected latency or target qps in the TestSettings so they are more accurate.'
