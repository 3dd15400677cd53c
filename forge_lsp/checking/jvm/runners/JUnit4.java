package forge_check;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.runner.Description;
import org.junit.runner.JUnitCore;
import org.junit.runner.Request;
import org.junit.runner.manipulation.Filter;
import org.junit.runner.notification.Failure;
import org.junit.runner.notification.RunListener;

/** Runs tests of JUnit 3 and 4. */
public final class JUnit4 extends RunListener implements Main.Runner {
    private Reports reports;
    private boolean failed;
    private boolean skipped;

    @Override
    public void run(Reports reports, List<Class<?>> classes, Set<String> only) {
        this.reports = reports;
        Filter filter = new Only(only);
        JUnitCore core = new JUnitCore();
        core.addListener(this);
        List<org.junit.runner.Runner> runners = new ArrayList<>();
        for (Class<?> each : classes) {
            Request request = Request.aClass(each);
            if (!only.isEmpty()) {
                if (!filter.shouldRun(request.getRunner().getDescription())) {
                    continue;
                }
                request = request.filterWith(filter);
            }
            runners.add(request.getRunner());
            collect(runners.get(runners.size() - 1).getDescription());
        }
        for (org.junit.runner.Runner runner : runners) {
            core.run(runner);
        }
    }

    private void collect(Description description) {
        if (description.isTest() && !whole(description)) {
            reports.collected(name(description));
        }
        for (Description child : description.getChildren()) {
            collect(child);
        }
    }

    @Override
    public void testStarted(Description description) {
        failed = false;
        skipped = false;
        reports.started(name(description));
    }

    @Override
    public void testFailure(Failure failure) {
        failed = true;
        reports.failed(name(failure.getDescription()), failure.getException());
    }

    @Override
    public void testAssumptionFailure(Failure failure) {
        skipped = true;
        Description test = failure.getDescription();
        boolean marked = reports.comesOf(failure.getException(), test.getClassName());
        reports.skipped(name(test), failure.getMessage(), marked);
    }

    @Override
    public void testIgnored(Description description) {
        reports.skipped(name(description), "ignored", true);
    }

    @Override
    public void testFinished(Description description) {
        if (!failed && !skipped) {
            reports.passed(name(description));
        }
    }

    private static boolean wanted(Description description, Set<String> only) {
        if (description.isTest() && only.contains(name(description))) {
            return true;
        }
        for (Description child : description.getChildren()) {
            if (wanted(child, only)) {
                return true;
            }
        }
        return false;
    }

    private static boolean whole(Description description) {
        return description.getMethodName() == null || description.getMethodName().equals("initializationError");
    }

    /** The method without what is said of its parameters; a class where it is none. */
    private static String name(Description description) {
        String type = String.valueOf(description.getClassName()).replace('$', '.');
        return whole(description) ? type : type + "." + description.getMethodName().split("[\\[( ]", 2)[0];
    }

    private static final class Only extends Filter {
        private final Set<String> names;

        Only(Set<String> names) {
            this.names = names;
        }

        @Override
        public boolean shouldRun(Description description) {
            return wanted(description, names);
        }

        @Override
        public String describe() {
            return "some tests";
        }
    }
}
