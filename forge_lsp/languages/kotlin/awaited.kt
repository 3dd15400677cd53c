private fun <T> awaited(block: suspend () -> T): T {
    val ended = java.util.concurrent.CountDownLatch(1);
    var found: kotlin.Result<T>? = null;
    val after = object : kotlin.coroutines.Continuation<T> {
        override val context = kotlin.coroutines.EmptyCoroutineContext;
        override fun resumeWith(result: kotlin.Result<T>) { found = result; ended.countDown() }
    };
    block.startCoroutine(after);
    ended.await();
    return found!!.getOrThrow()
}
