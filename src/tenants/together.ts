interface Waiting<Q, A> {
  readonly question: Q
  readonly resolve: (answer: A) => void
  readonly reject: (reason: unknown) => void
}

/**
 * Questions that are answered by writing. Each write to the disk takes its time, however much it
 * writes: so while one is on its way there, those who come are kept, and go with the next one. Who
 * comes alone is never kept.
 */
export class Together<Q, A> {
  readonly #answer: (questions: readonly Q[]) => Promise<readonly A[]>
  readonly #written: () => Promise<void>
  #waiting: Waiting<Q, A>[] = []
  #writing = false

  /**
   * `answer` answers all questions, in their order, or throws for all of them. `written` settles
   * when everything that it wrote is on disk; that nobody hears an answer before is not seen to
   * here: the runtime holds back whatever an object says until then.
   */
  constructor(
    answer: (questions: readonly Q[]) => Promise<readonly A[]>,
    written: () => Promise<void>,
  ) {
    this.#answer = answer
    this.#written = written
  }

  /** @throws what `answer` throws. */
  ask(question: Q): Promise<A> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ question, resolve, reject })
      if (!this.#writing) void this.#answerAll()
    })
  }

  /** Never rejects. */
  async #answerAll(): Promise<void> {
    this.#writing = true
    try {
      while (this.#waiting.length > 0) {
        const those = this.#waiting
        this.#waiting = []
        // oxlint-disable-next-line no-await-in-loop -- one after the other is what it is for
        await this.#answerThose(those)
      }
    } finally {
      this.#writing = false
    }
  }

  async #answerThose(those: readonly Waiting<Q, A>[]): Promise<void> {
    try {
      const answers = await this.#answer(those.map(({ question }) => question))
      const pairs = those.map(({ resolve }, index) => [resolve, answers[index]] as const)
      for (const [resolve, answer] of pairs) {
        if (answer === undefined) throw new Error('a question without an answer')
        resolve(answer)
      }
      await this.#written()
    } catch (error) {
      // Of no meaning to those who have their answer.
      for (const { reject } of those) reject(error)
    }
  }
}
