// The Java compiler kept running over texts in memory. No annotation processor, no plug-in: nothing of the project is run.
//
// Run by a JDK (17 or later) with the workspace as its argument. One JSON document a line:
// {open: {module, sources: [path], classpath: [path], options: [word], whole, most}} -> {}   (first)
// {changed: [path]} -> {}
// {document, text, others: {path: text}} -> {problems: [{file, line, column, end_line, end_column, code, message}]}
// Paths are relative to the workspace; lines and columns (code points) from 1, 0 where there is none. A module of at most
// `whole` other sources is checked as a whole when a candidate changes what others see of its file; of a larger one, and of
// other modules, what mentions its types is, at most `most` files.


import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

final class Javac {
    public static void main(String[] arguments) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        Workspace workspace = new Workspace(Path.of(arguments[0]));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            Object answer;
            try {
                answer = workspace.answer(Json.object(new Json(line).read()));
            } catch (IOException | RuntimeException | StackOverflowError | AssertionError error) {
                // The compiler's own too.
                error.printStackTrace();
                answer = Map.of("error", String.valueOf(error));
            }
            out.print(Json.written(answer) + "\n");
            out.flush();
        }
    }
}
