package forge_check;

import java.util.List;
import java.util.Set;
import org.junit.platform.engine.FilterResult;
import org.junit.platform.engine.TestDescriptor;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.TestSource;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.engine.support.descriptor.ClassSource;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.Launcher;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.PostDiscoveryFilter;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** Runs tests of the JUnit platform: Jupiter's, and those of other engines on the class path. */
public final class JUnit5 implements Main.Runner, TestExecutionListener {
    private Reports reports;
    private TestPlan plan;

    @Override
    public void run(Reports reports, List<Class<?>> classes, Set<String> only) {
        this.reports = reports;
        LauncherDiscoveryRequestBuilder builder = LauncherDiscoveryRequestBuilder.request()
            .configurationParameter("junit.jupiter.execution.parallel.enabled", "false");
        for (Class<?> each : classes) {
            builder.selectors(DiscoverySelectors.selectClass(each));
        }
        if (!only.isEmpty()) {
            builder.filters((PostDiscoveryFilter) test ->
                FilterResult.includedIf(test.isRoot() || !isMethod(test) || only.contains(name(test.getSource().get()))));
        }
        LauncherDiscoveryRequest request = builder.build();
        Launcher launcher = LauncherFactory.create();
        launcher.execute(request, this);
    }

    private static boolean isMethod(TestDescriptor test) {
        return test.getSource().isPresent() && test.getSource().get() instanceof MethodSource;
    }

    @Override
    public void testPlanExecutionStarted(TestPlan plan) {
        this.plan = plan;
        for (TestIdentifier root : plan.getRoots()) {
            for (TestIdentifier each : plan.getDescendants(root)) {
                if (counts(each)) {
                    reports.collected(name(each));
                }
            }
        }
    }

    @Override
    public void executionStarted(TestIdentifier test) {
        if (test.isTest()) {
            reports.started(name(test));
        }
    }

    @Override
    public void executionSkipped(TestIdentifier test, String reason) {
        if (counts(test)) {
            reports.skipped(name(test), reason, true);
        }
        for (TestIdentifier each : plan.getDescendants(test)) {
            if (counts(each)) {
                reports.skipped(name(each), reason, true);
            }
        }
    }

    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
        if (result.getStatus() == TestExecutionResult.Status.FAILED) {
            reports.failed(name(test), result.getThrowable().orElseGet(() -> new Error("it failed without a reason")));
        } else if (result.getStatus() == TestExecutionResult.Status.ABORTED) {
            String reason = result.getThrowable().map(Throwable::getMessage).orElse("");
            boolean marked = result.getThrowable().map(error -> reports.comesOf(error, owner(test))).orElse(false);
            if (counts(test)) {
                reports.skipped(name(test), reason, marked);
            }
            for (TestIdentifier each : plan.getDescendants(test)) {
                if (counts(each)) {
                    reports.skipped(name(each), reason, marked);
                }
            }
        } else if (test.isTest()) {
            reports.passed(name(test));
        }
    }

    /** The class in whose text a test stands, or "". */
    private static String owner(TestIdentifier test) {
        Object source = test.getSource().orElse(null);
        return source instanceof MethodSource ? ((MethodSource) source).getClassName() : "";
    }

    /** Whether it is a test, or a method that will make tests. */
    private static boolean counts(TestIdentifier test) {
        return test.isTest() || test.getSource().orElse(null) instanceof MethodSource;
    }

    /** The method; a class where it is none. A test that a method made has the method's name. */
    private String name(TestIdentifier test) {
        for (TestIdentifier at = test; at != null; at = plan.getParent(at).orElse(null)) {
            TestSource source = at.getSource().orElse(null);
            if (source instanceof MethodSource || source instanceof ClassSource) {
                return name(source);
            }
        }
        return test.getDisplayName();
    }

    private static String name(TestSource source) {
        if (source instanceof MethodSource) {
            MethodSource method = (MethodSource) source;
            return method.getClassName().replace('$', '.') + "." + method.getMethodName();
        }
        return ((ClassSource) source).getClassName().replace('$', '.');
    }
}
