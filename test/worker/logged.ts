/** Every line that the worker has written to its console since the test file began. */
export const logged: string[] = []
