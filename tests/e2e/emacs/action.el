;; A stub becomes code by a code action; one undo restores it; then by a task, and the report.
(scenario
 (let ((before (buffer-string)))
   (at "...")
   (setq forge-answers '(("Pick an action" . "Generate with ensemble")))
   (undo-boundary)
   (call-interactively #'eglot-code-actions)
   (wait-for "the code" (string-match-p "    return number % 2 == 0" (buffer-string)))
   (unless (equal (buffer-string) (string-replace "    ..." "    return number % 2 == 0" before))
     (error "the buffer is %S" (buffer-string)))
   (unless (member "Generate with ensemble" (cdar forge-asked)) (error "the menu is %S" forge-asked))
   (wait-for "the end"
     (let ((last (aref (forge--run "forge.history" '(:limit 1)) 0)))
       (and (equal (plist-get last :outcome) "accepted") last)))
   (undo-boundary)
   (undo)
   (unless (equal (buffer-string) before) (error "after one undo: %S" (buffer-string)))
   (eglot--signal-textDocument/didChange)

   (at "...")
   (call-interactively #'forge-generate)  ; the task is typed on standard input
   (wait-for "the code" (string-match-p "    return number % 2 == 0" (buffer-string)))
   (wait-for "the second job" (= 2 (length (seq-filter (lambda (job) (equal (plist-get job :outcome) "accepted"))
                                                       (forge--run "forge.history" '(:limit nil))))))
   (forge-report)
   (with-current-buffer "*forge report*"
     (unless (string-match-p "say whether it is even" (buffer-string)) (error "the report: %S" (buffer-string))))))
