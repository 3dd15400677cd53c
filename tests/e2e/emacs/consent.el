;; A paid call asks first: a no is a no, an Allow goes on.
(scenario
 (let ((before (buffer-string)))
   (at "...")
   (setq forge-answers '(("Pick an action" . "Generate with ensemble") ("Send code of" . "Not now")))
   (call-interactively #'eglot-code-actions)
   (wait-for "the end"
     (let ((all (forge--run "forge.history" '(:limit 1))))
       (and (> (length all) 0) (plist-get (aref all 0) :outcome))))
   (unless (equal (cdar forge-asked) '("Not now" "Allow" "Never")) (error "the question: %S" forge-asked))
   (unless (equal (buffer-string) before) (error "the text is %S" (buffer-string)))
   (at "...")
   (setq forge-answers '(("Pick an action" . "Generate with ensemble") ("Send code of" . "Allow")))
   (call-interactively #'eglot-code-actions)
   (wait-for "the code" (string-match-p "    return number % 2 == 0" (buffer-string)))))
